"""A key that does nothing beside another key is noted, when the body gives it another value than its default."""

import pytest

from models.config import parse_request
from models.config.moot import MOOT
from models.config.shortcuts import FullForm
from tests.models.config.bodies import chosen, faults_of, tutorial, with_value

HEAD = "/output/model_config"
MODEL, OCTET = "/input/model_config", "/input/model_config/octet"
COLUMNS = "/output/output_type_info"
SGDM = {"/globals/optimization/optimizer": "sgdm"}
SAME = {"/globals/lr_schedule/lr_schedule": "same"}
COSINE = {"/globals/lr_schedule/lr_schedule": "cosine"}
LINEAR = {f"{HEAD}/model_type": "linear"}
SHARED = {f"{HEAD}/model_type": "shared_mlp_residual"}
NUMBERS = {f"{COLUMNS}/target_cat_columns": [], f"{COLUMNS}/target_con_columns": ["Score"]}
TEXT = {f"{MODEL}/model_type": "octet", f"{OCTET}/views": ["ngrams"]}
EVERY = {f"{MODEL}/model_type": "octet", f"{OCTET}/views": ["bytes", "wave", "raster", "fields"]}
BOTH = {f"{COLUMNS}/target_con_columns": ["Score"]}

CASES = [
    # key, value, where it does nothing, where it has its effect
    ("/globals/optimization/b1", 0.8, SGDM, {}),
    ("/globals/optimization/b2", 0.99, SGDM, {}),
    ("/globals/optimization/lr_lb", 1e-5, SAME, {}),
    ("/globals/lr_schedule/lr_plateau_patience", 3, COSINE, {}),
    ("/globals/lr_schedule/lr_plateau_factor", 0.5, COSINE, {}),
    ("/globals/lr_schedule/lr_plateau_factor", 0.5, {"/globals/lr_schedule/lr_plateau_patience": 0}, {}),
    (
        "/globals/training_control/early_stopping_buffer",
        500,
        {"/globals/training_control/early_stopping_patience": 0},
        {},
    ),
    (f"{COLUMNS}/cat_label_smoothing", 0.1, {f"{COLUMNS}/cat_loss_name": "BCEWithLogitsLoss"}, {}),
    (f"{COLUMNS}/cat_label_smoothing", 0.1, NUMBERS, {}),
    (f"{COLUMNS}/cat_loss_name", "BCEWithLogitsLoss", NUMBERS, {}),
    (f"{COLUMNS}/con_loss_name", "HuberLoss", {}, BOTH),
    (f"{COLUMNS}/uncertainty_weighted_mt_loss", True, {}, BOTH),
    ("/fusion/model_config/fc_do", 0.3, {}, None),
    (f"{OCTET}/wave", {"reading": "u8"}, TEXT, EVERY),
    (f"{OCTET}/raster", {"period": 28}, TEXT, EVERY),
    (f"{OCTET}/fields", {"length": 28}, TEXT, EVERY),
    (f"{OCTET}/stride", 4, TEXT, EVERY),
    (f"{OCTET}/ngram_bits", 12, EVERY | {f"{OCTET}/views": ["wave"]}, TEXT),
    (f"{OCTET}/wide_memory_mb", 99, TEXT | {f"{OCTET}/wide": False}, TEXT),
    (f"{HEAD}/model_init_config/layers", [3], LINEAR, SHARED),
    (f"{HEAD}/model_init_config/fc_task_dim", 64, LINEAR, SHARED),
    (f"{HEAD}/model_init_config/rb_do", 0.2, LINEAR, SHARED),
    (f"{HEAD}/model_init_config/stochastic_depth_p", 0.2, LINEAR, SHARED),
    (f"{HEAD}/model_init_config/fc_do", 0.2, LINEAR, {}),
    (f"{HEAD}/model_init_config/fc_do", 0.2, SHARED, {}),
    (f"{HEAD}/model_init_config/final_layer_type", "mlp_residual", LINEAR, {}),
    (f"{HEAD}/model_init_config/final_layer_type", "mlp_residual", SHARED, {}),
]


def notes_on(at, values):
    """What a body with these values is told of the key at a pointer."""
    body = tutorial()
    for place, value in values.items():
        with_value(body, place, value)
    return [note["detail"] for note in parse_request(body).notes if note["pointer"] == at]


@pytest.mark.parametrize(("at", "value", "beside", "instead"), CASES)
def test_a_key_without_effect_is_noted_and_only_then(at, value, beside, instead):
    (detail,) = notes_on(at, {**beside, at: value})
    assert detail.startswith("without effect: ")
    if instead is not None:
        assert notes_on(at, {**instead, at: value}) == []


def test_a_default_beside_it_is_no_news():
    for at, _, beside, _ in CASES:
        kind = {"input": {"model_config": {"model_type": beside.get(f"{MODEL}/model_type", "sequence-default")}}}
        usual = FullForm.model_validate(kind).model_dump(by_alias=True)
        for part in at.split("/")[1:]:
            usual = usual[part]
        assert notes_on(at, {**beside, at: usual}) == notes_on(at, beside) == []


def test_every_row_of_the_table_is_tried_here():
    assert {key for row in MOOT for key in row.keys} == {at for at, *_ in CASES}


def test_notes_follow_a_section_that_is_sent_as_a_list():
    body = with_value(tutorial(), f"{COLUMNS}/uncertainty_weighted_mt_loss", True)
    body["output"] = [body["output"]]
    notes = [note["pointer"] for note in parse_request(body).notes]
    assert "/output/0/output_type_info/uncertainty_weighted_mt_loss" in notes


@pytest.mark.parametrize(("steps", "taken"), [(1, False), (500, False), (0, True), (None, True), ("auto", True)])
def test_a_constant_rate_takes_no_warm_up(steps, taken):
    """EIR has not built it; its default `auto` is none beside `same`."""
    at = "/globals/lr_schedule/warmup_steps"
    faults = faults_of(with_value(with_value(tutorial(), "/globals/lr_schedule/lr_schedule", "same"), at, steps))
    assert list(faults) == ([] if taken else [at])
    assert all("write 0, or take 'plateau'" in detail for detail in faults.values())


@pytest.mark.parametrize(("window", "zeros"), [(100, 76), (2048, 1024), (1024, None), (128, None), (0, None)])
def test_a_window_that_does_not_divide_the_length_begins_with_zeros_and_the_run_says_so(window, zeros):
    at = "/input/model_config/window_size"
    notes = [note["detail"] for note in chosen(with_value(tutorial(), at, window)).notes if note["pointer"] == at]
    assert len(notes) == (zeros is not None)
    assert all(f"begins with {zeros} zeros" in note for note in notes)


def test_octet_beside_eirs_model_and_eirs_parts_beside_octets_are_noted():
    body = with_value(tutorial(), f"{OCTET}/size", "nano")
    assert "model_type is not 'octet'" in {note["pointer"]: note["detail"] for note in parse_request(body).notes}[OCTET]
    with_value(with_value(body, f"{MODEL}/model_type", "octet"), "/fusion/model_config/layers", [1])
    with_value(body, f"{HEAD}/model_type", "linear")
    notes = {note["pointer"]: note["detail"] for note in parse_request(body).notes}
    assert {f"{MODEL}/window_size", f"{MODEL}/model_init_config", "/fusion", HEAD} <= set(notes)
    assert not {OCTET, f"{HEAD}/model_init_config/layers", "/fusion/model_config/fc_do"} & set(notes)
    assert all("parts of its own" in notes[at] for at in (f"{MODEL}/pool", "/fusion", HEAD))


def test_what_holds_of_any_model_is_noted_beside_octets_too():
    body = with_value(with_value(tutorial(), f"{MODEL}/model_type", "octet"), "/globals/optimization/b1", 0.8)
    with_value(body, "/globals/optimization/optimizer", "sgdm")
    assert "/globals/optimization/b1" in [note["pointer"] for note in parse_request(body).notes]
