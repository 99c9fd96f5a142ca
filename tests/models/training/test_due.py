"""When a run ends and saves, by a clock that only work moves: in time, but no earlier than it must."""

from dataclasses import dataclass, field, replace

import pytest

from models.config import PlanRequest
from models.training.build import Job, open_job
from models.training.due import SAVING_S
from models.training.loop import train
from models.training.plan import choose_for_device
from models.training.report import Outcome, Plan, Progress, Speed
from tests.models.training.tasks import Recorder, config_of, pack_of, sides, trained

STEP_S, COLD_S, BUDGET_S = 1.0, 10.0, 60.0


@dataclass
class WorkClock:
    """Seconds as work takes them: COLD_S more for the first step of the attempt, validation_s for each validation."""

    job: Job
    validation_s: float = 0.0
    begun_at: int = 0
    validations: int = 0
    seen: int = 0

    def __call__(self) -> float:
        state = self.job.state
        self.validations += state.evaluated != self.seen
        self.seen, steps = state.evaluated, state.step - self.begun_at
        return steps * STEP_S + (COLD_S if steps else 0.0) + self.validations * self.validation_s


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return pack_of(tmp_path_factory.mktemp("data") / "pack", *sides(64))


def config_with(interval: int):
    """Twelve validation batches of four files, for four training batches an epoch."""
    return config_of(
        cat=["side"],
        max_length=8,
        globals={
            "basic_experiment": {"n_epochs": 100, "batch_size": 4, "valid_size": 48},
            "evaluation_checkpoint": {"sample_interval": interval},
        },
    )


def job_of(dataset, folder, *, interval=1000, measured: Speed | None = None, resume=None) -> Job:
    config = config_with(interval)
    plan = choose_for_device(config, dataset, request=PlanRequest(threads=1)).model_copy(update={"measured": measured})
    return open_job(config, dataset, plan, folder, resume=resume, deadline_s=BUDGET_S)


def by_work(job: Job, validation_s: float = 0.0) -> WorkClock:
    """Gives the job a clock that its own work moves."""
    clock = WorkClock(job, validation_s, begun_at=job.state.step, seen=job.state.evaluated)
    job.pace = replace(job.pace, clock=clock, started=0.0, saved=0.0, deadline=BUDGET_S)
    return clock


def ended(job: Job) -> int:
    """The step at which the job ran out of time."""
    recorder = Recorder()
    outcome = train(job, recorder, recorder)
    assert outcome == Outcome("time", job.state.step)
    assert [saved.step for saved in recorder.kept("best")][-1] == job.state.step
    return job.state.step


def test_until_its_first_validation_a_run_guesses_it_as_forward_passes_at_the_pace_of_warm_steps(dataset, tmp_path):
    """Twelve batches at a third of a step are 4 s; at the price of the cold step they would be over two minutes."""
    job = job_of(dataset, tmp_path)
    clock = by_work(job, validation_s=4.0)
    assert ended(job) == BUDGET_S - COLD_S - 4.0 - SAVING_S
    assert clock() == BUDGET_S - SAVING_S


@dataclass
class Times(Recorder):
    """Remembers the times to the end that it is told."""

    eta_s: list[float | None] = field(default_factory=list)

    def progress(self, progress: Progress) -> None:
        super().progress(progress)
        self.eta_s.append(progress.eta_s)


def test_the_fit_before_the_first_step_is_announced_and_is_no_pace_of_steps(dataset, tmp_path):
    octet = {"size": "nano", "views": ["statistics"], "stride": 1, "ngram_bits": 8, "members": 1, "wide": False}
    config = config_of(cat=["side"], model={"model_type": "octet", "octet": octet})
    plan = Plan(steps=4, batch_size=8, threads=1, sample_interval=4, steps_per_epoch=6)
    job, heard = open_job(config, dataset, plan, tmp_path), Times()
    job.pace = replace(
        job.pace, clock=lambda: 600.0 * job.state.prepared + STEP_S * job.state.step, started=0.0, saved=0.0
    )
    train(job, heard, heard)
    assert heard.eta_s == [None, 3 * STEP_S, 2 * STEP_S, STEP_S, 0.0]


def test_a_measured_validation_speaks_until_the_first_real_one(dataset, tmp_path):
    job = job_of(dataset, tmp_path, measured=Speed(step_s=STEP_S, validation_s=20.0))
    by_work(job, validation_s=20.0)
    assert ended(job) == BUDGET_S - COLD_S - 20.0 - SAVING_S


def test_a_real_validation_overrules_what_was_measured(dataset, tmp_path):
    job = job_of(dataset, tmp_path, interval=5, measured=Speed(step_s=STEP_S, validation_s=35.0))
    clock = by_work(job, validation_s=2.0)
    assert ended(job) > 20
    assert BUDGET_S - 2 * STEP_S - 2.0 - SAVING_S <= clock() <= BUDGET_S


def test_a_resumed_run_remembers_what_was_measured(dataset, tmp_path):
    measured = Speed(step_s=STEP_S, validation_s=20.0)
    recorder = Recorder(stop_at=7)
    train(job_of(dataset, tmp_path / "first", measured=measured), recorder, recorder)
    resumed = job_of(dataset, tmp_path / "next", measured=measured, resume=recorder.kept("resume")[-1].path)
    by_work(resumed, validation_s=20.0)
    assert ended(resumed) == 7 + BUDGET_S - COLD_S - 20.0 - SAVING_S


def test_what_was_measured_changes_no_bit_of_a_run(dataset, tmp_path):
    """Neither what is computed nor what is written: a state of the one plan goes on under the other."""
    config, plan = config_with(5), Plan(steps=12, batch_size=4, threads=1, sample_interval=5, steps_per_epoch=4)
    other = plan.model_copy(update={"measured": Speed(step_s=0.1, validation_s=3.0), "reasons": {"steps": "measured"}})

    def run(plan, folder, stop_at=None, resume=None):
        recorder = Recorder(stop_at=stop_at)
        train(open_job(config, dataset, plan, tmp_path / folder, resume=resume), recorder, recorder)
        return recorder

    whole = run(plan, "whole")
    half = run(plan, "half", stop_at=6)
    rest = run(other, "rest", resume=half.kept("resume")[-1].path)
    assert half.values() + rest.values() == whole.values()
    for kind in ("best", "resume"):
        assert rest.kept(kind)[-1].digest == whole.kept(kind)[-1].digest


@pytest.mark.parametrize("interval", [1, 4])
def test_a_state_is_saved_only_when_all_points_of_its_step_are_said(dataset, tmp_path, interval):
    """A run killed later than that goes on from there: points up to its step are kept, those after it said again."""
    config = config_with(interval)
    whole = trained(config, dataset, tmp_path / "whole", plan=PlanRequest(steps=9))
    job = open_job(config, dataset, whole.plan, tmp_path / "cut")
    times = iter(range(0, 10_000_000, 9))
    job.pace = replace(job.pace, clock=lambda: float(next(times)), saved=0.0)
    cut = Recorder()
    assert train(job, cut, cut) == Outcome("finished", 9)
    states = cut.kept("resume")
    assert len(states) > 3
    for state in states:
        kept = [point for point in cut.values() if point.step <= state.step]
        rest = trained(config, dataset, tmp_path / "rest", plan=PlanRequest(steps=9), resume=state.path)
        assert kept + rest.values() == whole.values()
