"""A run that succeeded without knowing more than a guess says so, in its view and among its events."""

import hashlib
from pathlib import Path

import pytest

from app.services.jobs.outcomes import JobEnd
from app.services.runs.lease import Lease, acquire, finish, record_checkpoint, record_plan, record_progress
from app.services.runs.read import events, get_run
from models.training.report import Guess, Plan, Progress, Saved, SplitReport
from tests.support.runs import a_run

pytestmark = pytest.mark.services

CONFIG = {"globals": {"basic_experiment": {"n_epochs": 5}, "evaluation_checkpoint": {"n_saved_models": 1}}}
SPLIT = SplitReport(train=400, valid=100, how="", notes=[], guesses={"side": Guess(files=100, most="low", right=50)})
PLAN = Plan(steps=8, batch_size=4, threads=1, sample_interval=4, steps_per_epoch=100, split=SPLIT)


def measured(parts, acc: float) -> Lease:
    """A lease on a run that made 8 of its 500 steps, the best of which had this accuracy."""
    lease = acquire(parts, a_run(parts, config=CONFIG).id, "w")
    record_plan(parts, lease, PLAN)
    record_progress(parts, lease, Progress(8, 8, 0.08, 0.0))
    file = Path(parts.settings.incoming_dir) / "best"
    file.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    saved = Saved("best", 8, file, digest, 7, acc, {"": {"loss": 0.7}, "side": {"acc": acc, "mcc": 2 * acc - 1}})
    record_checkpoint(parts, lease, saved, parts.storage.put(f"runs/{lease.run_id}/best-8", file))
    return lease


def test_a_run_that_only_guesses_succeeds_with_a_warning_and_an_event_that_name_the_mend(parts):
    lease = measured(parts, 0.5)
    assert get_run(parts, lease.run_id).warnings == []  # it may still learn
    finish(parts, lease, JobEnd("succeeded", "finished", stopped="time"))
    view = get_run(parts, lease.run_id)
    assert view.status == "succeeded"
    told, cut, *_ = view.warnings
    assert "target 'side': no better than guessing: 50 of 100 validation files are right" in told
    assert "8 of 500 steps" in cut
    said = events(parts, lease.run_id)[-1]
    assert (said.kind, said.data["detail"]) == ("no_better_than_guessing", "; ".join(view.warnings))


def test_a_run_that_knows_more_says_nothing_of_the_kind(parts):
    lease = measured(parts, 0.9)
    finish(parts, lease, JobEnd("succeeded", "finished"))
    assert get_run(parts, lease.run_id).warnings == []
    assert [event.kind for event in events(parts, lease.run_id)] == ["running", "planned", "succeeded"]


def test_a_run_that_failed_is_not_judged(parts):
    lease = measured(parts, 0.5)
    finish(parts, lease, JobEnd("failed", "error"))
    assert get_run(parts, lease.run_id).warnings == []
    assert events(parts, lease.run_id)[-1].kind == "failed"


def test_a_run_without_a_checkpoint_or_of_a_plan_of_before_is_not_judged(parts):
    lease = acquire(parts, a_run(parts, config=CONFIG).id, "w")
    record_plan(parts, lease, PLAN.model_copy(update={"split": None}))
    finish(parts, lease, JobEnd("succeeded", "finished"))
    assert get_run(parts, lease.run_id).warnings == []
