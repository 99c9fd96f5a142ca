"""One update of the weights: the gradient is bounded, and gathered over as many batches as the config says."""

import pytest
import torch
from torch import Tensor

from models.config import PlanRequest
from models.training.build import Job, open_job
from models.training.loop import step
from models.training.plan import choose_for_device
from tests.models.training.tasks import config_of, pack_of, sides

CALM = {"rb_do": 0.0, "fc_do": 0.0, "stochastic_depth_p": 0.0}
BLOCKS = {"layers": [1], "fc_task_dim": 16}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return pack_of(tmp_path_factory.mktemp("data") / "pack", *sides(96))


@pytest.fixture
def job_of(dataset, tmp_path):
    def make(batch: int, **optimization) -> Job:
        """SGD at a constant rate, 64 training files, nothing drawn but the order of the files."""
        config = config_of(
            cat=["side"],
            con=["level"],
            globals={
                "basic_experiment": {"batch_size": batch, "valid_size": 32},
                "optimization": {"optimizer": "sgdm", "wd": 0.0, **optimization},
                "lr_schedule": {"lr_schedule": "same", "warmup_steps": None},
            },
            model={"position_dropout": 0.0, "model_init_config": {"num_heads": 2, "num_layers": 1, "dropout": 0.0}},
            head={"model_init_config": {**BLOCKS, **CALM}},
        )
        fusion = config.fusion.model_copy(update={"model_cfg": config.fusion.model_cfg.model_copy(update=CALM)})
        config = config.model_copy(update={"fusion": fusion})
        plan = choose_for_device(config, dataset, request=PlanRequest(threads=1))
        return open_job(config, dataset, plan, tmp_path / "out")

    return make


def weights(job: Job) -> Tensor:
    """All of them, (n,)."""
    return torch.cat([p.detach().flatten() for p in job.state.optimisers.dense])


def update_of(job: Job) -> Tensor:
    """What the first step adds to the weights, (n,)."""
    before = weights(job).clone()
    step(job)
    return weights(job) - before


def test_clipping_bounds_the_norm_of_the_gradient_and_keeps_its_direction(job_of):
    """SGD's first update is the learning rate times the gradient."""
    free = update_of(job_of(16, lr=1.0, gradient_clipping=0.0))
    bound = update_of(job_of(16, lr=1.0, gradient_clipping=0.05))
    assert free.norm() > 0.1
    assert float(bound.norm()) == pytest.approx(0.05, rel=1e-3)
    assert float(torch.cosine_similarity(free, bound, dim=0)) == pytest.approx(1.0, abs=1e-5)


def test_a_bound_above_the_norm_changes_nothing(job_of):
    free = update_of(job_of(16, lr=0.1, gradient_clipping=0.0))
    assert torch.equal(update_of(job_of(16, lr=0.1, gradient_clipping=1e6)), free)


@pytest.mark.parametrize("clipping", [0.0, 0.05])
def test_gathering_over_batches_is_one_large_batch(job_of, clipping):
    large = job_of(32, lr=0.05, gradient_clipping=clipping)
    small = job_of(8, lr=0.05, gradient_clipping=clipping, gradient_accumulation_steps=4)
    begun = weights(large).clone()
    for _ in range(3):
        step(large)
        for _ in range(4):
            step(small)
    moved = weights(large) - begun
    assert moved.norm() > 1e-3
    assert torch.dist(weights(small), weights(large)) < 1e-4 * moved.norm()


def test_between_two_updates_no_weight_moves(job_of):
    job = job_of(8, lr=0.05, gradient_accumulation_steps=3)
    assert not update_of(job).any()
    assert not update_of(job).any()
    assert update_of(job).any()
