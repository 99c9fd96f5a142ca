"""From config and data to a job: targets, their scale, and what is refused."""

import numpy as np
import pytest
import torch

from models.config import TargetSpec
from models.inference.answers import values
from models.training.build import ModelError, TargetError, chosen_targets, open_job, split_files, target_spec
from models.training.plan import choose_for_device
from tests.models.training.tasks import config_of, pack_of, sides

FILES, LABELS = sides(40)


@pytest.fixture
def job_of(tmp_path):
    def make(labels, **config):
        dataset = pack_of(tmp_path / "pack", FILES, labels)
        whole = config_of(**config)
        return open_job(whole, dataset, choose_for_device(whole, dataset), tmp_path / "out")

    return make


def test_a_continuous_target_is_standardised_by_the_training_files_alone(tmp_path):
    dataset = pack_of(tmp_path / "pack", FILES, LABELS)
    config = config_of(con=["level"])
    (table,) = chosen_targets(config, dataset.labels)
    train = split_files(config, dataset, [table]).train
    spec = target_spec(config, table, train)
    values = np.array(LABELS["level"])[train]
    assert (spec.mean, spec.std) == (pytest.approx(values.mean()), pytest.approx(values.std()))


def test_a_target_that_never_varies_is_answered_by_its_one_value(job_of):
    job = job_of({"flat": [3.1] * 40}, con=["flat"])
    assert job.targets == [TargetSpec("flat", "continuous", mean=3.1, std=0.0)]
    assert job.batches.labels["flat"].eq(0).all()
    assert values(job.targets[0], torch.randn(2, 1)).tolist() == [3.1, 3.1]


def test_the_config_decides_how_a_column_is_read(job_of):
    job = job_of({"count": [i % 3 for i in range(40)]}, con=["count"])
    assert job.targets[0].type == "continuous"


def test_missing_labels_are_minus_one_and_nan(job_of):
    labels = {name: [None, *values[1:]] for name, values in LABELS.items()}
    labels["level"][0] = 1.5
    labels["level"][1] = None
    job = job_of(labels, cat=["side"], con=["level"])
    assert job.batches.labels["side"].lt(0).nonzero().flatten().tolist() == [0]
    assert job.batches.labels["level"].isnan().nonzero().flatten().tolist() == [1]


def test_files_without_any_label_take_no_part(job_of):
    labels = {"side": [None] * 10 + LABELS["side"][10:]}
    job = job_of(labels, cat=["side"])
    assert sorted([*job.files.train, *job.files.valid]) == list(range(10, 40))


@pytest.mark.parametrize(
    ("labels", "config", "error", "words"),
    [
        (LABELS, {"cat": ["colour"]}, TargetError, "no target 'colour'"),
        (LABELS, {"con": ["side"]}, TargetError, "'side' cannot be continuous"),
        (LABELS, {}, TargetError, "no targets"),
        ({"side": LABELS["side"], "rare": [None] * 40}, {"cat": ["side", "rare"]}, TargetError, "'rare' has no label"),
        (
            {"side": ["abc"[i % 3] for i in range(40)]},
            {"cat": ["side"], "output": {"cat_loss_name": "BCEWithLogitsLoss"}},
            TargetError,
            "needs two classes, 'side' has 3",
        ),
        (
            LABELS,
            {"con": ["level"], "globals": {"training_control": {"weighted_sampling_columns": ["all"]}}},
            TargetError,
            "weighted_sampling_columns",
        ),
        (LABELS, {"cat": ["side"], "model": {"embedding_dim": 15}}, ModelError, "embedding_dim 15"),
    ],
)
def test_what_cannot_be_is_refused_with_words(job_of, labels, config, error, words):
    with pytest.raises(error, match=words):
        job_of(labels, **config)
