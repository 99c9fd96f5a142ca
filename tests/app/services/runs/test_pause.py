"""A paused run keeps its checkpoint and frees its worker; it goes on when it is told to, and not before."""

import itertools

import pytest

from app.services.datasets.remove import DatasetInUse, remove_dataset
from app.services.jobs.outcomes import JobEnd
from app.services.jobs.reaper import ReapAction, reap
from app.services.jobs.states import WrongState
from app.services.runs import lease as leases
from app.services.runs.control import cancel, pause, resume
from app.services.runs.read import attempts, events, get_run
from tests.support.parts import opened_parts
from tests.support.runs import a_dataset, a_run, checkpointed, row_of

pytestmark = pytest.mark.services


def pausing(parts):
    """A lease on a run that was told to pause."""
    lease = leases.acquire(parts, a_run(parts).id, "first")
    assert pause(parts, lease.run_id).status == "pausing"
    return lease


def paused(parts):
    """A run that its worker let go of."""
    lease = pausing(parts)
    checkpointed(parts, lease, "resume", 7)
    assert leases.hand_back(parts, lease, "handed_back") == "paused"
    return lease.run_id


def test_a_run_paused_in_the_queue_never_begins_until_it_is_resumed(parts, broker):
    run = a_run(parts).id
    assert (pause(parts, run).status, pause(parts, run).status) == ("paused", "paused")
    assert leases.acquire(parts, run, "w") is None
    assert leases.in_line(parts, run) == [run]
    assert (resume(parts, run).status, resume(parts, run).status) == ("queued", "queued")
    assert broker.messages == [run]
    assert leases.acquire(parts, run, "w").attempt == 1
    assert [event.kind for event in events(parts, run)] == ["paused", "queued", "running"]


def test_a_worker_hears_of_a_pause_and_frees_itself_of_the_run(parts, broker):
    lease = pausing(parts)
    assert leases.heartbeat(parts, lease) == "pause"
    assert leases.hand_back(parts, lease, "handed_back") == "paused"
    row = row_of(parts, lease.run_id)
    assert (row.lease_token, row.worker, row.eta_s, row.failures, row.ended) == (None, None, None, 0, None)
    assert [(a.reason, a.ended is not None) for a in attempts(parts, lease.run_id)] == [("paused", True)]
    assert broker.messages == []
    assert leases.acquire(parts, lease.run_id, "w") is None


def test_another_worker_goes_on_from_the_checkpoint_of_the_pause_before_runs_that_never_began(parts, broker):
    run, fresh = paused(parts), a_run(parts).id
    assert leases.in_line(parts, fresh) == [fresh]
    resume(parts, run)
    assert leases.in_line(parts, fresh) == [run, fresh]
    lease = leases.acquire(parts, run, "second")
    assert leases.resume_point(parts, lease).step == 7
    assert [(a.worker, a.reason, a.resumed_from_step) for a in attempts(parts, run)] == [
        ("first", "paused", None),
        ("second", None, 7),
    ]
    kinds = [(event.kind, event.data.get("reason")) for event in events(parts, run)]
    assert kinds == [
        ("running", None),
        ("pausing", None),
        ("paused", "paused"),
        ("queued", "resumed"),
        ("running", None),
    ]


def test_a_pause_that_no_worker_heard_of_is_withdrawn(parts, broker):
    lease = pausing(parts)
    assert resume(parts, lease.run_id).status == "running"
    assert leases.heartbeat(parts, lease) is None
    assert broker.messages == []
    leases.finish(parts, lease, JobEnd("succeeded", "finished"))


def test_a_pause_that_is_withdrawn_while_training_stops_gives_the_run_back_to_the_queue(parts, broker):
    lease = pausing(parts)
    assert leases.heartbeat(parts, lease) == "pause"
    resume(parts, lease.run_id)
    assert leases.hand_back(parts, lease, "handed_back") == "queued"
    assert broker.messages == [lease.run_id]
    assert [a.reason for a in attempts(parts, lease.run_id)] == ["handed_back"]


@pytest.mark.parametrize("end", ["succeeded", "failed"])
def test_a_run_that_comes_to_its_own_end_before_it_hears_of_the_pause_has_ended(parts, end):
    lease = pausing(parts)
    leases.finish(parts, lease, JobEnd(end, "finished" if end == "succeeded" else "error"))
    assert get_run(parts, lease.run_id).status == end
    for order in (pause, resume):
        with pytest.raises(WrongState, match="has ended"):
            order(parts, lease.run_id)


def test_a_pausing_run_can_be_cancelled_and_a_cancelled_one_not_paused(parts):
    lease = pausing(parts)
    assert cancel(parts, lease.run_id).status == "cancelling"
    for order in (pause, resume):
        with pytest.raises(WrongState, match="cancelling"):
            order(parts, lease.run_id)
    assert leases.heartbeat(parts, lease) == "cancel"
    assert leases.hand_back(parts, lease, "handed_back") == "cancelled"
    assert [a.reason for a in attempts(parts, lease.run_id)] == ["cancelled"]


def test_a_paused_run_is_cancelled_at_once(parts):
    run = paused(parts)
    assert (cancel(parts, run).status, cancel(parts, run).status) == ("cancelled", "cancelled")
    assert [a.reason for a in attempts(parts, run)] == ["paused"]


@pytest.mark.parametrize("reason", ["error", "oom", "lost"])
def test_a_run_that_breaks_off_while_it_pauses_is_paused_and_the_failure_counts(parts, reason):
    lease = pausing(parts)
    assert leases.hand_back(parts, lease, reason) == "paused"
    assert [a.reason for a in attempts(parts, lease.run_id)] == [reason]
    assert row_of(parts, lease.run_id).failures == 1


def test_time_at_rest_is_no_time_of_the_run(parts):
    run = paused(parts)
    used = row_of(parts, run).used_s
    assert used > 0
    resume(parts, run)
    assert leases.acquire(parts, run, "second").used_s == used


def test_a_data_set_stays_while_a_paused_run_needs_it(parts):
    dataset = a_dataset(parts)
    run = a_run(parts, dataset_id=dataset.id).id
    pause(parts, run)
    with pytest.raises(DatasetInUse, match=run):
        remove_dataset(parts, dataset.id)


def test_the_reaper_pauses_a_pausing_run_whose_worker_vanished_and_leaves_paused_ones_alone(tmp_path, database_url):
    with opened_parts(tmp_path, database_url, lease_s=0.001, announce_s=0.001) as parts:
        run = pausing(parts).run_id
        done = next(found for _ in itertools.count() if (found := reap(parts)))
        assert done == [ReapAction(run, "paused")]
        assert [a.reason for a in attempts(parts, run)] == ["lost"]
        assert [reap(parts) for _ in range(20)] == [[]] * 20
        assert parts.broker.messages == []
        assert get_run(parts, run).status == "paused"
