"""Counts by arithmetic, against the real module."""

import json
import subprocess
import sys

import pytest

from models.config import (
    PlanRequest,
    TargetSpec,
    checkpoint_sizes,
    choose_for_data,
    memory_bytes,
    parameters,
    parse_request,
    size,
)
from models.config.load import Load
from models.config.size import features
from models.nn.dropped_attention import SCORES_AT_ONCE
from models.nn.eir.classifier import ByteClassifier
from models.nn.eir.sequence_default import TOKENS_AT_ONCE
from models.training.build import open_job
from models.training.evaluate import Evaluation
from models.training.loop import step
from models.training.plan import choose_for_device
from models.training.state import save_model, save_state
from tests.house.source import ROOT
from tests.models.config.bodies import summary, tutorial, with_value
from tests.models.training.tasks import config_of, pack_of, sides

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
    one, many = (memory_bytes(config, TARGETS, Load(batch)) for batch in (1, 64))
    assert 16 * parameters(config, TARGETS) < one < many < 64 * one


def test_what_a_training_process_takes_lies_below_the_estimate_and_not_far(tmp_path):
    """A row of the benchmark for each type of model; the others stand in benchmarks/RESULTS.md.

    Above lies only what a limit counts: without pages of files, of which the CUDA build of torch maps 340 MB more, and
    an installation that was just written 100 MB more.
    """
    figures, rows = tmp_path / "figures.json", ["short form, batch 8", "octet, raster, nano"]
    command = [sys.executable, "-m", "benchmarks.memory", "--only", *rows, "--json", str(figures)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    measured = json.loads(figures.read_text())
    assert len(measured) == len(rows)
    for row in measured:
        train, train_expected, predict, predict_expected = row["figures"]
        train_mapped, predict_mapped = row["mapped"]
        assert train - train_mapped <= train_expected <= 1.5 * train
        assert predict - predict_mapped <= predict_expected


def test_the_arithmetic_works_in_the_portions_that_the_networks_work_in():
    assert (size.CHUNK_TOKENS, size.SCORES) == (TOKENS_AT_ONCE, SCORES_AT_ONCE)


def test_checkpoints_are_as_large_as_their_tensors(tmp_path):
    """With gradients that are gathered over two batches, and the second moments of the first."""
    config = config_of(cat=["side"], con=["level"], globals={"optimization": {"gradient_accumulation_steps": 2}})
    dataset = pack_of(tmp_path / "pack", *sides(32))
    plan = choose_for_device(config, dataset, request=PlanRequest(steps=9, threads=1))
    job = open_job(config, dataset, plan, tmp_path / "out")
    for _ in range(3):
        step(job)
    job.state.last = Evaluation({None: {"loss": 1.0}}, -1.0)
    best, resume = checkpoint_sizes(config, job.targets)
    assert best <= save_model(job.state, job.identity, job.folder).size_bytes < best + 20_000
    assert resume <= save_state(job.state, job.identity, job.folder).size_bytes < resume + 60_000
