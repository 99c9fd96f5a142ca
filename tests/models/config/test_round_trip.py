"""What is written is read again, and nothing that a body may hold surprises the reader."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from models.config import choose_for_data, dump_config, load_config, parse_request
from models.config.shortcuts import FullForm, ShortForm
from models.config.targets import TargetSpec
from tests.models.config.bodies import faults_of, summary, tutorial, with_value

VALUES = {
    "/globals/basic_experiment/n_epochs": st.integers(1, 1000),
    "/globals/basic_experiment/batch_size": st.integers(1, 512),
    "/globals/basic_experiment/valid_size": st.integers(1, 319) | st.floats(0.01, 0.99),
    "/globals/basic_experiment/seed": st.integers(0, 2**63 - 1),
    "/globals/basic_experiment/output_folder": st.none() | st.from_regex(r"[a-z/]{1,20}", fullmatch=True),
    "/globals/basic_experiment/manual_valid_ids": st.none() | st.lists(st.text("abc"), min_size=1, max_size=3),
    "/globals/optimization/optimizer": st.sampled_from(["adamw", "adam", "sgdm"]),
    "/globals/optimization/lr": st.floats(1e-7, 1),
    "/globals/optimization/wd": st.integers(0, 1) | st.floats(0, 1),
    "/globals/optimization/gradient_accumulation_steps": st.none() | st.integers(1, 9),
    "/globals/lr_schedule/lr_schedule": st.sampled_from(["plateau", "cosine", "cycle", "same"]),
    "/globals/lr_schedule/warmup_steps": st.just("auto") | st.integers(0, 5000),
    "/globals/metrics/con_metrics": st.none()
    | st.lists(st.sampled_from(["r2", "pcc", "rmse"]), unique=True, min_size=1),
    "/input/input_type_info/max_length": st.integers(1, 4096),
    "/input/model_config/pool": st.sampled_from(["avg", "max", None]),
    "/input/model_config/window_size": st.integers(0, 512),
    "/input/model_config/embedding_dim": st.integers(1, 8).map(lambda n: 16 * n),
    "/input/model_config/model_init_config/dim_feedforward": st.just("auto") | st.integers(1, 512),
    "/fusion/model_config/layers": st.lists(st.integers(1, 4), min_size=1, max_size=1),
    "/output/model_config/model_type": st.sampled_from(["mlp_residual", "shared_mlp_residual", "linear"]),
    "/output/output_type_info/target_con_columns": st.sampled_from([[], ["Score"], ["Stars", "Score"]]),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from([*ShortForm.model_fields, *FullForm.model_fields])


@given(st.fixed_dictionaries({}, optional=VALUES))
@settings(max_examples=60, deadline=None)
def test_a_config_survives_json_and_being_posted_again(values):
    if values.get("/globals/lr_schedule/lr_schedule") == "same":
        values.pop("/globals/lr_schedule/warmup_steps", None)  # the two contradict each other
    body = tutorial()
    for at, value in values.items():
        with_value(body, at, value)
    config = choose_for_data(parse_request(body), summary()).config
    written = json.loads(json.dumps(dump_config(config)))
    assert load_config(written) == config
    assert dump_config(load_config(written)) == written
    assert choose_for_data(parse_request(written), summary()).config == config


@given(
    st.dictionaries(st.sampled_from([*ShortForm.model_fields, *FullForm.model_fields]) | st.text(), JSON, max_size=5)
)
@settings(max_examples=80, deadline=None)
def test_any_json_is_a_request_or_faults_that_can_be_sent(body):
    for at, detail in faults_of(body).items():
        assert at == "" or at.startswith("/")
        assert detail
        assert (at + detail).encode()


@given(st.sampled_from(sorted(VALUES)), JSON)
@settings(max_examples=80, deadline=None)
def test_any_value_in_the_place_of_a_known_one_is_taken_or_told_near_its_place(at, value):
    for place in faults_of(with_value(tutorial(), at, value)):
        assert place.split("/")[1] == at.split("/")[1]


def test_a_target_survives_json():
    for spec in (
        TargetSpec("a", "categorical", ["x", "y"], one_logit=True),
        TargetSpec("b", "continuous", mean=1.5, std=0.25),
    ):
        assert TargetSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    assert [TargetSpec("a", "categorical", ["x", "y", "z"]).outputs, TargetSpec("b", "continuous").outputs] == [3, 1]
    assert TargetSpec("a", "categorical", ["x", "y"], one_logit=True).outputs == 1
