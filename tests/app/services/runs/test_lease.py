import subprocess
import sys
import threading

import pytest

from app.services.disk import Disk
from app.services.jobs.lease import LeaseLost
from app.services.jobs.outcomes import JobEnd, JobError
from app.services.jobs.states import Status
from app.services.points import page
from app.services.runs import lease as leases
from app.services.runs.control import cancel
from app.services.runs.read import attempts, checkpoints, events, get_run
from models.training.report import Plan, Progress
from tests.support.parts import opened_parts
from tests.support.runs import a_point, a_run, checkpointed, row_of

pytestmark = pytest.mark.services

DONE = JobEnd("succeeded", "finished")
PLAN = Plan(steps=20, batch_size=4, threads=1, sample_interval=5, steps_per_epoch=10, reasons={"steps": "asked for"})


def at_once(count, work):
    """What `count` threads that start together return."""
    barrier, results = threading.Barrier(count), []

    def one(number):
        barrier.wait()
        results.append(work(number))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_eight_that_take_a_run_at_once_one_gets_it(parts):
    run = a_run(parts)
    taken = at_once(8, lambda n: leases.acquire(parts, run.id, f"worker-{n}"))
    got = [lease for lease in taken if lease]
    assert len(got) == 1
    assert row_of(parts, run.id).lease_token == got[0].token
    assert [a.worker for a in attempts(parts, run.id)] == [got[0].worker]


def test_of_three_processes_that_take_twenty_runs_each_run_goes_to_one(parts, tmp_path, database_url):
    ids = [a_run(parts).id for _ in range(20)]
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.support.parts import opened_parts\n"
        "from app.services.runs.lease import acquire\n"
        "with opened_parts(Path(sys.argv[1]), sys.argv[2], lease_s=600.0) as parts:\n"
        "    print(*[run for run in sys.argv[3:] if acquire(parts, run, 'w')])\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path), database_url, *ids]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outs = [process.communicate(timeout=120)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(run for out in outs for run in out) == sorted(ids)


def test_there_is_nothing_to_take_of_a_run_that_is_unknown_running_or_ended(parts):
    run = a_run(parts)
    assert leases.acquire(parts, "nosuch", "w") is None
    lease = leases.acquire(parts, run.id, "w")
    assert leases.acquire(parts, run.id, "w") is None
    leases.finish(parts, lease, DONE)
    assert leases.acquire(parts, run.id, "w") is None


def test_a_lease_carries_all_that_a_worker_needs(parts):
    run = a_run(parts, form="short", plan_request={"steps": 3}, max_runtime_s=60.0)
    lease = leases.acquire(parts, run.id, "w")
    assert (lease.run_id, lease.attempt, lease.worker, lease.form) == (run.id, 1, "w", "short")
    assert (lease.config, lease.plan_request, lease.plan) == (run.config, {"steps": 3}, None)
    assert (lease.dataset_key, lease.max_runtime_s, lease.used_s) == ("datasets/" + "d" * 64, 60.0, 0.0)


def test_a_run_that_was_planned_on_a_device_is_left_to_workers_that_have_it(parts):
    run = a_run(parts)
    first = leases.acquire(parts, run.id, "w", {"cpu"})
    leases.record_plan(parts, first, PLAN.model_copy(update={"device": "cuda"}))
    leases.hand_back(parts, first, "handed_back")
    before = row_of(parts, run.id)
    assert leases.acquire(parts, run.id, "without", {"cpu"}) is None
    assert row_of(parts, run.id) == before
    assert leases.acquire(parts, run.id, "with", {"cpu", "cuda"}).attempt == 2


WRITES = {
    "heartbeat": lambda parts, lease: leases.heartbeat(parts, lease),
    "plan": lambda parts, lease: leases.record_plan(parts, lease, PLAN),
    "progress": lambda parts, lease: leases.record_progress(parts, lease, Progress(9, 20, 0.9, None)),
    "points": lambda parts, lease: leases.record_points(parts, lease, [a_point(9)]),
    "checkpoint": lambda parts, lease: checkpointed(parts, lease, "best", 9, 0.9),
    "peak of memory": lambda parts, lease: leases.record_peak(parts, lease, 2**30),
    "disk": lambda parts, lease: leases.record_disk(parts, lease, Disk("data", 1, 2, "full")),
    "resume point": lambda parts, lease: leases.resume_point(parts, lease),
    "finish": lambda parts, lease: leases.finish(parts, lease, DONE),
    "hand back": lambda parts, lease: leases.hand_back(parts, lease, "handed_back"),
}


@pytest.mark.parametrize("write", list(WRITES))
def test_who_lost_the_lease_can_write_nothing(parts, write):
    run = a_run(parts)
    old = leases.acquire(parts, run.id, "first")
    leases.hand_back(parts, old, "handed_back")
    leases.acquire(parts, run.id, "second")
    before = story_of(parts, run.id)
    with pytest.raises(LeaseLost, match="first"):
        WRITES[write](parts, old)
    assert story_of(parts, run.id) == before


def story_of(parts, run_id):
    """All that the database holds of a run."""
    held = [read(parts, run_id) for read in (checkpoints, attempts, events)]
    return row_of(parts, run_id), page(parts, run_id).points, *held


def test_the_same_worker_with_an_old_token_has_lost_it_too(parts):
    run = a_run(parts)
    old = leases.acquire(parts, run.id, "same")
    leases.hand_back(parts, old, "handed_back")
    new = leases.acquire(parts, run.id, "same")
    with pytest.raises(LeaseLost):
        leases.heartbeat(parts, old)
    assert leases.heartbeat(parts, new) is None


def test_a_heartbeat_prolongs_the_lease_counts_the_time_and_brings_the_cancel(parts):
    run = a_run(parts)
    lease = leases.acquire(parts, run.id, "w")
    before = row_of(parts, run.id)
    assert leases.heartbeat(parts, lease) is None
    after = row_of(parts, run.id)
    assert after.lease_expires >= before.lease_expires
    assert after.used_s == pytest.approx(after.counted_at - before.counted_at, abs=0.01)
    cancel(parts, run.id)
    assert leases.heartbeat(parts, lease) == "cancel"


def test_the_budget_counts_over_all_attempts(parts):
    run = a_run(parts)
    first = leases.acquire(parts, run.id, "w")
    leases.heartbeat(parts, first)
    leases.hand_back(parts, first, "handed_back")
    used = row_of(parts, run.id).used_s
    second = leases.acquire(parts, run.id, "w")
    assert second.used_s == used > 0
    leases.finish(parts, second, DONE)
    assert get_run(parts, run.id).used_s >= round(used, 3)


def test_plan_and_progress_show_and_the_plan_stays_for_the_next_attempt(parts):
    run = a_run(parts)
    assert get_run(parts, run.id).progress.steps is None
    lease = leases.acquire(parts, run.id, "w")
    leases.record_plan(parts, lease, PLAN, max_runtime_s=1800.0)
    leases.record_progress(parts, lease, Progress(step=7, steps=20, epoch=0.7, eta_s=13.0))
    view = get_run(parts, run.id)
    assert (view.progress.step, view.progress.steps, view.progress.epoch, view.progress.eta_s) == (7, 20, 0.7, 13.0)
    assert view.max_runtime_s == 1800.0
    leases.hand_back(parts, lease, "handed_back")
    assert Plan.model_validate(leases.acquire(parts, run.id, "w").plan) == PLAN


def test_a_finished_run_shows_the_steps_that_were_done_and_the_planned_beside(parts):
    run = a_run(parts)
    lease = leases.acquire(parts, run.id, "w")
    leases.record_plan(parts, lease, PLAN)
    leases.record_progress(parts, lease, Progress(12, 20, 1.2, 3.0))
    leases.finish(parts, lease, JobEnd("succeeded", "finished", stopped="time"))
    view = get_run(parts, run.id)
    assert (view.status, view.stopped, view.error, view.worker) == ("succeeded", "time", None, None)
    assert (view.progress.step, view.progress.steps, view.progress.planned_steps) == (12, 12, 20)
    assert view.ended is not None
    assert [(a.reason, a.ended is not None) for a in attempts(parts, run.id)] == [("finished", True)]
    assert [e.kind for e in events(parts, run.id)] == ["running", "planned", "succeeded"]


def test_a_failed_run_says_why(parts):
    run = a_run(parts)
    lease = leases.acquire(parts, run.id, "w")
    error = JobError("non-finite-loss", "The loss is not finite", "Use a smaller lr.")
    leases.finish(parts, lease, JobEnd("failed", "error", error))
    assert get_run(parts, run.id).error == {
        "type": "non-finite-loss",
        "title": "The loss is not finite",
        "detail": "Use a smaller lr.",
    }


def test_handing_back_queues_and_announces_and_is_no_failure(parts, broker):
    run = a_run(parts)
    for number in range(1, 8):
        lease = leases.acquire(parts, run.id, "w")
        assert lease.attempt == number
        assert leases.hand_back(parts, lease, "handed_back") == Status.QUEUED
    assert broker.messages == [run.id] * 7
    assert row_of(parts, run.id).failures == 0
    assert {a.reason for a in attempts(parts, run.id)} == {"handed_back"}


def test_failures_without_a_new_checkpoint_end_the_run_with_their_error(parts):
    run = a_run(parts)
    error = JobError("out-of-memory", "Out of memory", "Use a smaller batch_size.")
    status = []
    while lease := leases.acquire(parts, run.id, "w"):
        status.append(leases.hand_back(parts, lease, "error", error))
    assert status == ["queued"] * 4 + ["failed"]
    view = get_run(parts, run.id)
    assert view.error["type"] == "out-of-memory"
    assert view.error["detail"].startswith("Use a smaller batch_size. ")
    assert view.attempt == 5


@pytest.mark.parametrize(
    ("reasons", "status"),
    [
        (["oom", "oom"], "failed"),
        (["lost", "oom", "oom"], "failed"),
        (["oom", "lost", "oom"], "queued"),
        (["oom", "checkpoint", "oom"], "queued"),
        (["oom", "handed_back", "oom"], "queued"),
    ],
)
def test_the_second_time_in_a_row_that_memory_does_not_suffice_is_the_last(parts, reasons, status):
    run = a_run(parts)
    error = JobError("out_of_memory", "Out of memory", "Lower batch_size.")
    for number, reason in enumerate(reasons):
        lease = leases.acquire(parts, run.id, "w")
        if reason == "checkpoint":
            checkpointed(parts, lease, "resume", 10 + number)
            reason = "handed_back"
        leases.hand_back(parts, lease, reason, error)
    view = get_run(parts, run.id)
    assert view.status == status
    if status == "failed":
        assert view.error["detail"].startswith("Lower batch_size. Twice in a row")


def test_a_checkpoint_clears_the_failures_only_when_it_is_farther_than_all_before(parts):
    run = a_run(parts)
    seen = []
    for step in (10, 10, 5, 20):
        leases.hand_back(parts, leases.acquire(parts, run.id, "w"), "error")
        lease = leases.acquire(parts, run.id, "w")
        checkpointed(parts, lease, "resume", step)
        leases.hand_back(parts, lease, "handed_back")
        seen.append(row_of(parts, run.id).failures)
    assert seen == [0, 1, 2, 0]


def test_cancelling_a_queued_run_ends_it_at_once_for_good(parts):
    run = a_run(parts)
    assert cancel(parts, run.id).status == "cancelled"
    assert cancel(parts, run.id).status == "cancelled"
    assert leases.acquire(parts, run.id, "w") is None
    assert attempts(parts, run.id) == []


def test_a_run_that_is_cancelling_is_cancelled_when_its_worker_hands_it_back(parts, broker):
    run = a_run(parts)
    lease = leases.acquire(parts, run.id, "w")
    assert cancel(parts, run.id).status == "cancelling"
    assert cancel(parts, run.id).status == "cancelling"
    assert leases.hand_back(parts, lease, "handed_back") == Status.CANCELLED
    assert broker.messages == []
    assert [a.reason for a in attempts(parts, run.id)] == ["cancelled"]


def test_a_run_that_ended_by_itself_cannot_be_cancelled(parts):
    run = a_run(parts)
    leases.finish(parts, leases.acquire(parts, run.id, "w"), DONE)
    with pytest.raises(Exception, match="has ended"):
        cancel(parts, run.id)


def test_a_broker_that_is_away_does_not_undo_a_hand_back(tmp_path, database_url):
    with opened_parts(tmp_path, database_url) as parts:
        run = a_run(parts)
        lease = leases.acquire(parts, run.id, "w")
        parts.broker.away = True
        assert leases.hand_back(parts, lease, "handed_back") == Status.QUEUED


def test_an_interrupted_run_goes_before_those_that_never_began(parts):
    early, late, later = (a_run(parts) for _ in range(3))
    assert leases.in_line(parts, later.id) == [later.id]
    for run in (late, early):
        leases.hand_back(parts, leases.acquire(parts, run.id, "w"), "handed_back")
    assert leases.in_line(parts, later.id) == [early.id, late.id, later.id]
    assert leases.in_line(parts, late.id) == [early.id, late.id]
    assert leases.acquire(parts, early.id, "w")
    assert leases.in_line(parts, later.id) == [late.id, later.id]
