"""A validation is computed from what validation files begin with, and every number it says is finite."""

import math

import numpy as np
import pytest
import torch

from models.config import PlanRequest
from models.inference.predictor import Predictor
from models.training.build import Job, open_job
from models.training.evaluate import DivergedError, evaluate
from models.training.plan import choose_for_device
from models.training.report import TrainingError
from models.training.sampling import crop_starts
from tests.models.training.tasks import config_of, pack_of, sides, trained


@pytest.fixture
def job_of(tmp_path):
    def make(files, labels, **config) -> Job:
        dataset, whole = pack_of(tmp_path / "pack", files, labels), config_of(**config)
        plan = choose_for_device(whole, dataset, request=PlanRequest(threads=1))
        return open_job(whole, dataset, plan, tmp_path / "out")

    return make


def evaluated(job: Job):
    batches = job.batches.in_order(job.files.valid, job.plan.batch_size)
    return evaluate(job.state.model, job.state.objective, batches, job.targets, job.config)


@torch.no_grad()
def answer_always(job: Job, value: float) -> None:
    """Makes a model with a linear head give this number, whatever the file."""
    for parameter in job.state.model.head.parameters():
        parameter.fill_(value if parameter.ndim == 1 else 0.0)


LINEAR = {"model_type": "linear"}


@pytest.mark.parametrize("loss", ["MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"])
def test_predictions_at_the_end_of_float32_have_a_finite_loss(job_of, loss):
    job = job_of(*sides(40), con=["level"], head=LINEAR, output={"con_loss_name": loss})
    answer_always(job, 3e38)
    found = evaluated(job)
    assert all(math.isfinite(value) for values in found.values.values() for value in values.values())
    assert found.values["level"]["loss"] > 1e37
    assert math.isfinite(found.score)


def test_a_loss_that_is_no_number_any_more_ends_the_training_and_names_its_target(job_of):
    """The Poisson loss takes the exponential of a prediction."""
    job = job_of(*sides(40), cat=["side"], con=["level"], head=LINEAR, output={"con_loss_name": "PoissonNLLLoss"})
    answer_always(job, 1000.0)
    with pytest.raises(DivergedError, match=r"validation of 'level': loss too large .*lower `lr`") as failure:
        evaluated(job)
    assert isinstance(failure.value, TrainingError)


def test_a_target_without_a_label_among_the_validation_files_is_no_divergence(job_of):
    files, labels = sides(40)
    both = {**labels, "rare": [1.0, 2.0, *[None] * 38]}
    named = {"manual_valid_ids": ["f010", "f011", "f012", "f013"]}
    job = job_of(files, both, cat=["side"], con=["rare"], globals={"basic_experiment": named})
    assert set(evaluated(job).values) == {None, "side"}


def test_predictions_that_are_no_numbers_name_their_target(job_of):
    job = job_of(*sides(40), cat=["side"], con=["level"], head=LINEAR)
    answer_always(job, math.nan)
    with pytest.raises(DivergedError, match=r"validation of 'side': probabilities hold NaN or infinity; .*lower `lr`"):
        evaluated(job)


def test_validation_reads_from_the_start_while_training_crops_are_uniform(tmp_path):
    """What the last validation measured is what a prediction for the same files says, and that reads the start."""
    files, labels = sides(64)
    files = {name: content * 5 for name, content in files.items()}
    dataset = pack_of(tmp_path / "pack", files, {"side": labels["side"]})
    config = config_of(cat=["side"], crop="uniform", max_length=24)
    run = trained(config, dataset, tmp_path / "out")

    job = open_job(config, dataset, run.plan, tmp_path / "other")
    drawn, crops = job.sampler.batch(0, job.plan.batch_size)
    starts = crop_starts(dataset.lengths[drawn], crops, 24, "uniform")
    assert np.count_nonzero(starts) > len(starts) / 2

    predictor = Predictor.load(run.kept("best")[-1].path)
    found = predictor.predict([dataset.read(at).tobytes() for at in job.files.valid])
    truth = [labels["side"][at] for at in job.files.valid]
    shares = [one.outputs["side"].probabilities[known] for one, known in zip(found, truth, strict=True)]
    assert run.last("loss", "side") == pytest.approx(-np.mean(np.log(shares)), rel=1e-5)
