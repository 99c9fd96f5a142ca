"""Counts by arithmetic, against the real module."""

import pytest

from models.config import TargetSpec, choose_for_data, memory_bytes, parameters, parse_request
from models.config.size import features
from models.nn.classifier import ByteClassifier
from tests.models.config.bodies import summary, tutorial, with_value

TARGETS = [TargetSpec("Sentiment", "categorical", ["Negative", "Positive"]), TargetSpec("Score", "continuous")]


def config_with(**changes):
    body = tutorial()
    body["output"]["output_type_info"]["target_con_columns"] = ["Score"]
    for at, value in changes.items():
        with_value(body, at, value)
    return choose_for_data(parse_request(body), summary()).config


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"/input/model_config/position": "encode"},
        {"/input/model_config/window_size": 0, "/input/input_type_info/max_length": 40},
        {
            "/input/model_config/window_size": 60,
            "/input/input_type_info/max_length": 100,
            "/input/model_config/pool": None,
        },
        {
            "/input/model_config/window_size": 60,
            "/input/input_type_info/max_length": 40,
            "/input/model_config/pool": None,
        },
        {"/input/model_config/model_init_config/dim_feedforward": 20, "/input/model_config/pool": "max"},
        {"/fusion/model_config": {"layers": [1], "fc_task_dim": 512}},
        {"/output/model_config/model_type": "linear"},
        {"/output/model_config/model_type": "shared_mlp_residual"},
        {"/output/model_config/model_init_config": {"final_layer_type": "mlp_residual", "fc_task_dim": 64}},
        {"/output/model_config/model_init_config": {"final_layer_type": "mlp_residual", "fc_task_dim": 2}},
        {"/output/model_config/model_init_config": {"layers": [3], "fc_task_dim": 64}},
    ],
)
def test_the_arithmetic_counts_what_torch_holds(changes):
    config = config_with(**changes)
    module = ByteClassifier(config, TARGETS)
    assert parameters(config, TARGETS) == sum(weight.numel() for weight in module.parameters())
    assert features(config.input.model_cfg, config.input.input_type_info.max_length) == module.extractor.features


def test_the_tutorials_extractor_has_eirs_number_of_weights():
    config = config_with()
    module = ByteClassifier(config, TARGETS)
    assert sum(weight.numel() for weight in module.extractor.parameters()) == 345_408
    assert features(config.input.model_cfg, 1024) == 512


def test_memory_grows_with_the_batch_and_covers_the_weights():
    config = config_with()
    one, many = (memory_bytes(config, TARGETS, batch) for batch in (1, 64))
    assert 16 * parameters(config, TARGETS) < one < many < 64 * one
