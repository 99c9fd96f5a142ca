"""Octet's own model in the loop: it learns, goes on bit for bit where it was stopped, and its checkpoint answers."""

from functools import cache

import numpy as np
import pytest

from models.config import PlanRequest
from models.inference.predictor import Predictor
from models.training import checkpoint
from models.training.build import Job, open_job
from models.training.loop import train
from models.training.plan import choose_for_device
from models.training.report import Outcome, Speed
from tests.models.training.tasks import Recorder, config_of, pack_of, sides, trained

SMALL = {"size": "nano", "views": ["bytes", "ngrams", "statistics"], "stride": 2, "ngram_bits": 10, "members": 2}


def octet(wide=True, globals_=None, **octet_):
    sections = {
        "optimization": {"lr": 3e-3, "b2": 0.99},
        "evaluation_checkpoint": {"sample_interval": 20},
        **(globals_ or {}),
    }
    model = {"model_type": "octet", "octet": {**SMALL, "wide": wide, **octet_}}
    return config_of(cat=["side"], con=["level"], globals=sections, model=model)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    files, labels = sides(160)
    labels["level"][5] = labels["side"][9] = None
    return pack_of(tmp_path_factory.mktemp("data") / "pack", files, labels)


@pytest.fixture(scope="module")
def runs(dataset, tmp_path_factory):
    """Runs of 40 steps, with the wide branch and without it."""
    plan, room = PlanRequest(steps=40), tmp_path_factory.mktemp("runs")
    return {
        wide: trained(octet(wide=wide, ema_decay=0.9), dataset, room / str(wide), plan=plan) for wide in (True, False)
    }


@pytest.mark.parametrize("wide", [True, False], ids=["with the wide branch", "the deep network alone"])
def test_it_learns_classes_and_numbers_at_once(runs, wide):
    assert runs[wide].last("acc", "side") >= 0.95
    assert runs[wide].last("r2", "level") >= 0.8


def test_it_answers_before_the_first_step(runs):
    """The wide branch is convex and fitted; the network beside it knows nothing yet and gets no weight."""
    assert runs[True].kept("best")[0].step == 0
    assert runs[True].values("valid", "acc", "side")[0].step == 0
    assert runs[True].values("valid", "acc", "side")[0].value >= 0.9


@pytest.mark.parametrize(("validation_s", "measured"), [(1.0, [0, 6]), (7.0, [6])])
def test_a_network_that_has_learnt_nothing_is_not_measured_where_that_takes_longer_than_all_of_its_steps(
    dataset, tmp_path, validation_s, measured
):
    config, speed = octet(wide=False), Speed(step_s=1.0, validation_s=validation_s)
    plan = choose_for_device(config, dataset, request=PlanRequest(steps=6, batch=16, threads=1))
    plan = plan.model_copy(update={"measured": speed})
    whole = trained(config, dataset, tmp_path / "whole", plan=plan)
    assert sorted({point.step for point in whole.values("valid")}) == measured
    first = trained(config, dataset, tmp_path / "first", plan=plan, stop_at=0)
    second = trained(config, dataset, tmp_path / "second", plan=plan, resume=first.kept("resume")[-1].path)
    assert first.values() + second.values() == whole.values()
    assert second.kept("resume")[-1].digest == whole.kept("resume")[-1].digest


NINE = PlanRequest(steps=9, batch=16)
LOOPS = {
    "plain": None,
    "gradients gathered": {"optimization": {"lr": 3e-3, "gradient_accumulation_steps": 2}},
    "mixed": {"training_control": {"mixing_alpha": 0.5}},
}


@pytest.fixture(scope="module")
def undisturbed(dataset, tmp_path_factory):
    """The run of a loop from end to end."""

    @cache
    def run(loop):
        return trained(octet(globals_=LOOPS[loop]), dataset, tmp_path_factory.mktemp("whole"), plan=NINE)

    return run


@pytest.mark.parametrize(
    ("loop", "stop_at"),
    [("plain", 0), ("plain", 7), ("gradients gathered", 1), ("gradients gathered", 4), ("mixed", 4)],
)
def test_a_resumed_run_is_bit_equal_to_the_undisturbed_one(dataset, tmp_path, undisturbed, loop, stop_at):
    config, whole = octet(globals_=LOOPS[loop]), undisturbed(loop)
    first = trained(config, dataset, tmp_path / "first", plan=NINE, stop_at=stop_at)
    assert first.outcome == Outcome("stopped", stop_at, "asked")
    second = trained(config, dataset, tmp_path / "second", plan=NINE, resume=first.kept("resume")[-1].path)
    assert first.values() + second.values() == whole.values()
    assert second.kept("best")[-1].digest == whole.kept("best")[-1].digest
    assert second.kept("resume")[-1].digest == whole.kept("resume")[-1].digest


def test_a_stop_between_the_fit_and_its_validation_costs_no_point(dataset, tmp_path, undisturbed):
    config, first, whole = octet(), Recorder(), undisturbed("plain")
    job = open_job(config, dataset, whole.plan, tmp_path / "first")
    assert train(job, first, StopOnceFitted(job)) == Outcome("stopped", 0, "asked")
    assert not first.values()
    second = trained(config, dataset, tmp_path / "second", plan=whole.plan, resume=first.kept("resume")[-1].path)
    assert second.values() == whole.values()
    assert second.kept("resume")[-1].digest == whole.kept("resume")[-1].digest


@pytest.mark.parametrize("looks", range(1, 9))
def test_a_stop_about_the_first_validation_saves_no_step_twice(dataset, tmp_path, undisturbed, looks):
    """Who stores the files takes them away: of two of one name it found the second gone, and the attempt broke off."""
    first, whole = Recorder(), undisturbed("plain")
    job = open_job(octet(), dataset, whole.plan, tmp_path / "first")
    train(job, first, StopOnceFitted(job, looks))
    steps = [saved.step for saved in first.kept("resume")]
    assert steps == sorted(set(steps))
    assert steps


class StopOnceFitted:
    """Asks for an end as soon as what comes before the first step is fitted, or some looks later."""

    def __init__(self, job: Job, looks: int = 1) -> None:
        self.job, self.looks = job, looks

    def requested(self) -> str | None:
        self.looks -= bool(self.job.state.prepared)
        return "asked" if self.looks <= 0 and self.job.state.prepared else None


def test_its_checkpoint_says_what_the_last_validation_measured_but_for_the_folds_of_the_blend(dataset, runs):
    predictor = Predictor.load(runs[True].kept("best")[-1].path)
    answers = predictor.predict([dataset.read(at) for at in range(len(dataset))])
    table = dataset.labels.target("side")
    assert table.classes is not None
    assert table.codes is not None
    right = [a.outputs["side"].label == table.classes[c] for a, c in zip(answers, table.codes, strict=True) if c >= 0]
    assert np.mean(right) >= 0.95


def test_a_file_alone_is_answered_as_among_others(dataset, runs):
    predictor = Predictor.load(runs[True].kept("best")[-1].path)
    files = [dataset.read(at) for at in range(12)] + [np.arange(3000, dtype=np.int64).astype(np.uint8)]
    together = predictor.arrays(files)
    for at, file in enumerate(files):
        for name, alone in predictor.arrays([file]).items():
            np.testing.assert_allclose(alone[0], together[name][at], rtol=1e-4, atol=1e-5)


def test_a_served_checkpoint_holds_the_averaged_weights(runs):
    last = runs[False].kept("best")[-1]
    assert last.step == 40
    _, served = checkpoint.read(last.path, "octet-model")
    _, state = checkpoint.read(runs[False].kept("resume")[-1].path, "octet-train-state")
    name = next(name for name in served if name.startswith("deep.") and f"average.{name}" in state)
    assert np.array_equal(served[name].numpy(), state[f"average.{name}"].numpy())
    assert not np.array_equal(served[name].numpy(), state[f"model.{name}"].numpy())


def test_why_the_wide_branch_got_its_effort_is_said_without_a_budget_too(dataset):
    plans = [choose_for_device(octet(), dataset, request=PlanRequest(steps=3), budget_s=s) for s in (None, 1000.0)]
    assert plans[0] == plans[1]
    assert plans[0].wide_effort == 0
    assert plans[0].reasons["wide_effort"].startswith("effort 0 of 4: about ")
