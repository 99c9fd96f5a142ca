"""Every key of EIR's configuration for a bytes input and tabular outputs: honoured, noted or refused, at its place.

The lists are EIR 0.23's, read from its documentation and source; the keys of ours stand in OWN.
"""

from typing import get_origin

import pytest

from models.config import dump_config
from models.config.faults import pointer
from models.config.keys import OnlyDefault, WithoutEffect
from models.config.notes import fields, inner_model
from models.config.shortcuts import FullForm
from tests.models.config.bodies import chosen, faults_of, summary, tutorial, with_value

G, INIT = "/globals", "/input/model_config/model_init_config"
HEAD, FUSION = "/output/model_config/model_init_config", "/fusion/model_config"
HONOURED = {
    f"{G}/basic_experiment/n_epochs": 3,
    f"{G}/basic_experiment/batch_size": 7,
    f"{G}/basic_experiment/valid_size": 0.25,
    f"{G}/optimization/optimizer": "sgdm",
    f"{G}/optimization/lr": 0.01,
    f"{G}/optimization/lr_lb": 1e-5,
    f"{G}/optimization/b1": 0.8,
    f"{G}/optimization/b2": 0.95,
    f"{G}/optimization/wd": 0.02,
    f"{G}/optimization/gradient_clipping": 0.5,
    f"{G}/optimization/gradient_accumulation_steps": 2,
    f"{G}/lr_schedule/lr_schedule": "cosine",
    f"{G}/lr_schedule/lr_plateau_patience": 4,
    f"{G}/lr_schedule/lr_plateau_factor": 0.5,
    f"{G}/lr_schedule/warmup_steps": 10,
    f"{G}/training_control/early_stopping_patience": 3,
    f"{G}/training_control/early_stopping_buffer": 100,
    f"{G}/training_control/weighted_sampling_columns": ["Sentiment"],
    f"{G}/training_control/mixing_alpha": 0.2,
    f"{G}/evaluation_checkpoint/sample_interval": 50,
    f"{G}/evaluation_checkpoint/checkpoint_interval": 100,
    f"{G}/evaluation_checkpoint/n_saved_models": 3,
    f"{G}/metrics/cat_metrics": ["acc"],
    f"{G}/metrics/con_metrics": ["rmse"],
    f"{G}/metrics/cat_averaging_metrics": ["acc"],
    f"{G}/metrics/con_averaging_metrics": ["loss"],
    "/input/input_info/input_source": "reviews",
    "/input/input_info/input_name": "letters",
    "/input/input_info/input_type": "bytes",
    "/input/input_type_info/max_length": 512,
    "/input/input_type_info/byte_encoding": "uint8",
    "/input/input_type_info/sampling_strategy_if_longer": "from_start",
    "/input/input_type_info/mixing_subtype": "mixup",
    "/input/model_config/model_type": "sequence-default",
    "/input/model_config/embedding_dim": 32,
    "/input/model_config/position": "encode",
    "/input/model_config/position_dropout": 0.0,
    "/input/model_config/window_size": 256,
    "/input/model_config/pool": "max",
    "/input/model_config/masked": True,
    f"{INIT}/num_heads": 4,
    f"{INIT}/num_layers": 3,
    f"{INIT}/dim_feedforward": 96,
    f"{INIT}/dropout": 0.0,
    "/fusion/model_type": "mlp-residual",
    f"{FUSION}/layers": [1],
    f"{FUSION}/fc_task_dim": 64,
    f"{FUSION}/rb_do": 0.2,
    f"{FUSION}/fc_do": 0.2,
    f"{FUSION}/stochastic_depth_p": 0.0,
    "/output/output_info/output_source": "reviews",
    "/output/output_info/output_name": "said",
    "/output/output_info/output_type": "tabular",
    "/output/output_type_info/target_cat_columns": ["Stars"],
    "/output/output_type_info/target_con_columns": ["Score"],
    "/output/output_type_info/cat_label_smoothing": 0.1,
    "/output/output_type_info/cat_loss_name": "BCEWithLogitsLoss",
    "/output/output_type_info/con_loss_name": "L1Loss",
    "/output/output_type_info/uncertainty_weighted_mt_loss": True,
    "/output/model_config/model_type": "linear",
    f"{HEAD}/layers": [1],
    f"{HEAD}/fc_task_dim": 64,
    f"{HEAD}/rb_do": 0.2,
    f"{HEAD}/fc_do": 0.2,
    f"{HEAD}/stochastic_depth_p": 0.0,
    f"{HEAD}/final_layer_type": "mlp_residual",
}
NOTED = {
    f"{G}/basic_experiment/output_folder": "runs/other",
    f"{G}/basic_experiment/dataloader_workers": 8,
    f"{G}/basic_experiment/device": "cuda:0",
    f"{G}/basic_experiment/memory_dataset": True,
    f"{G}/model/compile_model": True,
    f"{G}/lr_schedule/plot_lr_schedule": True,
    f"{G}/evaluation_checkpoint/saved_result_detail_level": 1,
    f"{G}/attribution_analysis/max_attributions_per_class": 100,
    f"{G}/attribution_analysis/attributions_every_sample_factor": 4,
    f"{G}/attribution_analysis/attribution_background_samples": 64,
    f"{G}/visualization_logging/plot_skip_steps": 0,
    f"{G}/visualization_logging/no_pbar": True,
    f"{G}/visualization_logging/log_level": "debug",
    f"{G}/visualization_logging/save_model_diagram": True,
    f"{G}/accelerator/hardware": "gpu",
    f"{G}/accelerator/precision": "16-mixed",
    f"{G}/accelerator/strategy": "ddp",
    f"{G}/accelerator/devices": 2,
    f"{G}/accelerator/num_nodes": 2,
    "/input/interpretation_config": {"num_samples_to_interpret": 30},
    "/output/output_type_info/label_parsing_chunk_size": 1000,
}
REFUSED = {
    f"{G}/basic_experiment/manual_valid_ids_file": "ids.txt",
    f"{G}/model/n_iter_before_swa": 1000,
    f"{G}/model/pretrained_checkpoint": "model.pt",
    f"{G}/model/strict_pretrained_loading": False,
    f"{G}/optimization/gradient_noise": 0.1,
    f"{G}/lr_schedule/find_lr": True,
    f"{G}/attribution_analysis/compute_attributions": True,
    f"{G}/data_preparation/streaming_setup_samples": 5,
    f"{G}/data_preparation/streaming_batch_size": 5,
    f"{G}/data_preparation/streaming_steps_per_epoch": 5,
    f"{G}/latent_sampling": {"layers_to_sample": ["a"]},
    "/input/input_info/input_inner_key": "a",
    "/input/input_type_info/modality_dropout_rate": 0.1,
    "/input/model_config/pretrained_model": True,
    "/input/model_config/freeze_pretrained_model": True,
    "/input/pretrained_config": {"model_path": "m.pt", "load_module_name": "input"},
    "/input/tensor_broker_config": {"message_configs": []},
    "/fusion/tensor_broker_config": {"message_configs": []},
    "/output/output_info/output_inner_key": "a",
    f"{HEAD}/num_experts": 4,
    "/output/sampling_config": {"n_eval_inputs": 3},
    "/output/tensor_broker_config": {"message_configs": []},
}
MODEL, OCTET = "/input/model_config", "/input/model_config/octet"
OURS = {
    f"{OCTET}/size": "nano",
    f"{OCTET}/views": ["ngrams"],
    f"{OCTET}/wave/reading": "i16le",
    f"{OCTET}/wave/phase": 0,
    f"{OCTET}/raster/period": 28,
    f"{OCTET}/raster/unit": 2,
    f"{OCTET}/raster/grid": True,
    f"{OCTET}/raster/shift": 1,
    f"{OCTET}/fields/length": 24,
    f"{OCTET}/fields/offset": 4,
    f"{OCTET}/fields/numbers": [{"at": 0, "reading": "f32le", "count": 2}],
    f"{OCTET}/stride": 2,
    f"{OCTET}/ngram_bits": 12,
    f"{OCTET}/members": 3,
    f"{OCTET}/ema_decay": 0.9,
    f"{OCTET}/wide": False,
    f"{OCTET}/wide_memory_mb": 500,
}
"""Of Octet's own model."""
OWN = {
    *OURS,
    *("/dataset", "/name", "/tags", "/max_runtime_s", "/plan/steps", "/plan/batch", "/plan/threads"),
    *(f"{G}/basic_experiment/seed", f"{G}/basic_experiment/manual_valid_ids"),
}
MANY = summary(50_000)


def keys(model=FullForm, parts=()):
    """Every key of the full form that holds a value, a list, or an object which is noted or refused as a whole."""
    for key, field in fields(model).items():
        whole = any(isinstance(mark, WithoutEffect | OnlyDefault) for mark in field.metadata)
        whole |= get_origin(field.annotation) is list
        inner = None if whole else inner_model(field)
        yield from [pointer(*parts, key)] if inner is None else keys(inner, (*parts, key))


def bare():
    """A body that says nothing but the data set and the target."""
    return {"dataset": "reviews", "output": {"output_type_info": {"target_cat_columns": ["Sentiment"]}}}


def at(values, place):
    for part in place.split("/")[1:]:
        values = values[part]
    return values


def test_the_lists_hold_every_key_once():
    every = list(keys())
    assert len(every) == len(set(every))
    assert sorted(every) == sorted([*HONOURED, *NOTED, *REFUSED, *OWN])


@pytest.mark.parametrize(("place", "value"), HONOURED.items(), ids=HONOURED)
def test_an_honoured_key_comes_back_in_the_config(place, value):
    assert at(dump_config(chosen(with_value(bare(), place, value), MANY).config), place) == value


@pytest.mark.parametrize(("place", "value"), OURS.items(), ids=OURS)
def test_a_key_of_octets_own_model_comes_back_in_its_config(place, value):
    body = with_value(with_value(bare(), f"{MODEL}/model_type", "octet"), place, value)
    assert at(dump_config(chosen(body, MANY).config), place) == value


@pytest.mark.parametrize(("place", "value"), NOTED.items(), ids=NOTED)
def test_a_key_without_effect_is_noted_at_its_place_and_changes_nothing(place, value):
    got = chosen(with_value(bare(), place, value), MANY)
    (note,) = [note for note in got.notes if note["pointer"] == place]
    assert len(note["detail"]) > 20
    if not place.endswith("output_folder"):  # kept: it names the run
        assert got.config == chosen(bare(), MANY).config


@pytest.mark.parametrize(("place", "value"), REFUSED.items(), ids=REFUSED)
def test_a_refused_key_is_a_fault_at_its_place_with_the_reason(place, value):
    ((found, detail),) = faults_of(with_value(tutorial(), place, value), MANY).items()
    assert found == place
    assert "is not supported: " in detail
    assert detail.endswith(" Leave it out.")


def test_all_refused_keys_are_told_in_one_answer():
    body = tutorial()
    for place, value in REFUSED.items():
        with_value(body, place, value)
    assert set(faults_of(body, MANY)) == set(REFUSED)
