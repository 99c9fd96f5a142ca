"""Who holds a prediction may write it, nobody else; what was done stays done over attempts."""

import itertools

import pytest

from app.broker import Queue
from app.services.jobs.lease import LeaseLost
from app.services.jobs.outcomes import JobEnd, JobError
from app.services.jobs.reaper import ReapAction, reap
from app.services.jobs.states import Status, WrongState
from app.services.predictions import lease as leases
from app.services.predictions.control import PredictionNotEnded, cancel, remove
from app.services.predictions.find import UnknownPrediction
from app.services.predictions.keys import part_key, result_key
from app.services.predictions.read import NoResult, get_prediction, result
from tests.support.parts import opened_parts
from tests.support.predictions import a_blob, a_prediction, held

pytestmark = pytest.mark.services

DONE = JobEnd("succeeded", "finished")


def with_part(parts, lease, first, rows, content=b"rows"):
    blob = a_blob(parts, part_key(lease.job_id, first, f"{first:064x}"), content)
    leases.record_part(parts, lease, first, rows, blob)
    return blob


def finished(parts, lease):
    blobs = {
        form: a_blob(parts, result_key(lease.job_id, form, "a" * 64), form.encode()) for form in ("csv", "parquet")
    }
    leases.finish(parts, lease, DONE, blobs)


def test_one_worker_takes_it_and_ends_it_with_its_result(parts):
    prediction = a_prediction(parts)
    lease = held(parts, prediction)
    assert leases.acquire(parts, prediction, "second") is None
    leases.record_done(parts, lease, 1, 2.5)
    view = get_prediction(parts, prediction)
    assert (view.status, view.progress.done, view.progress.eta_s, view.attempt) == ("running", 1, 2.5, 1)
    with pytest.raises(NoResult, match="1 of 2 files are done"):
        result(parts, prediction, "csv")

    part = with_part(parts, lease, 0, 1)
    finished(parts, lease)
    view = get_prediction(parts, prediction)
    assert (view.status, view.progress.done, view.progress.eta_s, view.worker) == ("succeeded", 2, None, None)
    assert set(view.result) == {"csv", "parquet"}
    assert result(parts, prediction, "csv").path.read_bytes() == b"csv"
    assert not parts.storage.exists(part.key)


LOST = {
    "heartbeat": lambda parts, lease: leases.heartbeat(parts, lease),
    "parts": lambda parts, lease: leases.known_parts(parts, lease),
    "done": lambda parts, lease: leases.record_done(parts, lease, 1, None),
    "part": lambda parts, lease: with_part(parts, lease, 0, 1),
    "finish": lambda parts, lease: finished(parts, lease),
    "hand back": lambda parts, lease: leases.hand_back(parts, lease, "lost"),
}


@pytest.mark.parametrize("name", LOST)
def test_who_lost_the_lease_can_write_nothing(parts, name):
    prediction = a_prediction(parts)
    old = held(parts, prediction, "first")
    leases.hand_back(parts, old, "handed_back")
    held(parts, prediction, "second")
    before = get_prediction(parts, prediction)
    with pytest.raises(LeaseLost):
        LOST[name](parts, old)
    assert get_prediction(parts, prediction) == before


def test_the_next_attempt_gets_the_parts_up_to_the_first_gap_or_damage(parts):
    prediction = a_prediction(parts)
    lease = held(parts, prediction)
    for first, rows in ((0, 64), (64, 64), (128, 10)):
        with_part(parts, lease, first, rows)
    leases.hand_back(parts, lease, "lost")
    again = held(parts, prediction)
    known = leases.known_parts(parts, again)
    assert [(part.first, part.rows) for part in known] == [(0, 64), (64, 64), (128, 10)]
    assert get_prediction(parts, prediction).progress.done == 138

    known[1].path.write_bytes(b"damaged")
    assert [part.first for part in leases.known_parts(parts, again)] == [0]
    assert get_prediction(parts, prediction).progress.done == 64
    with_part(parts, again, 64, 32)  # a part of another length in the place of the old ones
    assert [part.rows for part in leases.known_parts(parts, again)] == [64, 32]


def test_failures_without_a_new_part_end_it_and_a_part_clears_them(parts):
    prediction = a_prediction(parts)
    error = JobError("predicting_killed", "Killed", "By SIGKILL.")
    for failures in range(1, 5):
        leases.hand_back(parts, held(parts, prediction), "lost", error)
        assert get_prediction(parts, prediction).failures == failures
    lease = held(parts, prediction)
    with_part(parts, lease, 0, 1)
    for failures in range(1, 6):
        leases.hand_back(parts, lease, "lost", error)
        assert get_prediction(parts, prediction).failures == failures
        if failures < 5:
            lease = held(parts, prediction)
    view = get_prediction(parts, prediction)
    assert (view.status, view.error["type"]) == ("failed", "predicting_killed")
    assert "Failure 5 since the last new part" in view.error["detail"]
    with pytest.raises(NoResult, match="By SIGKILL"):
        result(parts, prediction, "parquet")


@pytest.mark.parametrize(
    ("happened", "status"),
    [
        (["oom"], "queued"),
        (["oom", "oom"], "failed"),
        (["lost", "oom"], "failed"),
        (["oom", "part", "oom"], "queued"),
        (["handed_back", "oom"], "queued"),
    ],
)
def test_want_of_memory_after_another_failure_ends_it_unless_there_is_a_new_part(parts, happened, status):
    prediction = a_prediction(parts)
    error, lease = JobError("out_of_memory", "Out of memory", "It held 3 GiB."), None
    for what in happened:
        lease = lease or held(parts, prediction)
        if what == "part":
            with_part(parts, lease, 0, 1)
        else:
            leases.hand_back(parts, lease, what, error)
            lease = None
    view = get_prediction(parts, prediction)
    assert view.status == status
    if status == "failed":
        assert view.error["detail"].startswith("It held 3 GiB. Not the first failure without a new part")


def test_cancel_ends_it_at_once_or_through_its_worker_and_only_then_it_can_go(parts):
    prediction = a_prediction(parts)
    with pytest.raises(PredictionNotEnded, match="is queued"):
        remove(parts, prediction)
    lease = held(parts, prediction)
    assert (cancel(parts, prediction).status, cancel(parts, prediction).status) == ("cancelling",) * 2
    assert leases.heartbeat(parts, lease) == "cancel"
    with_part(parts, lease, 0, 1)
    with pytest.raises(PredictionNotEnded, match="is cancelling"):
        remove(parts, prediction)
    assert leases.hand_back(parts, lease, "handed_back") == Status.CANCELLED
    remove(parts, prediction)
    with pytest.raises(UnknownPrediction):
        get_prediction(parts, prediction)
    assert not parts.storage.exists(f"predictions/{prediction}")

    other = a_prediction(parts, dataset="data for 0")
    finished(parts, held(parts, other))
    with pytest.raises(WrongState, match=f"prediction {other} is succeeded"):
        cancel(parts, other)


def test_the_reaper_takes_predictions_back_and_announces_those_that_nobody_heard_of(tmp_path, database_url):
    with opened_parts(tmp_path, database_url, lease_s=0.001, announce_s=0.001) as short:
        prediction = a_prediction(short)
        queue = short.broker.queues[Queue.PREDICTIONS]
        held(short, prediction)

        def until():
            """What the reaper does with predictions; the test's own time limit ends a wait in vain."""
            looks = ([done for done in reap(short) if done.queue == Queue.PREDICTIONS] for _ in itertools.count())
            return next(filter(None, looks))

        assert until() == [ReapAction(prediction, "queued", Queue.PREDICTIONS)]
        assert queue == [prediction, prediction]
        queue.clear()
        assert until() == [ReapAction(prediction, "announced", Queue.PREDICTIONS)]
        assert queue == [prediction]


def test_interrupted_ones_go_before_those_that_never_began(parts):
    early, late = a_prediction(parts), a_prediction(parts, dataset="data for 0")
    leases.hand_back(parts, held(parts, early), "handed_back")
    assert leases.in_line(parts, late) == [early, late]
