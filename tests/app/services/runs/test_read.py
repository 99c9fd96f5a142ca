import hashlib

import pytest

from app.services.jobs.outcomes import JobEnd
from app.services.runs.find import UnknownCheckpoint, UnknownRun
from app.services.runs.keys import log_key
from app.services.runs.lease import acquire, finish, hand_back
from app.services.runs.read import (
    NoLog,
    UnknownStatus,
    attempts,
    checkpoints,
    events,
    get_run,
    list_runs,
    logs,
    weights,
)
from tests.support.runs import a_dataset, a_run, checkpointed


def test_pages_of_runs_go_from_the_newest_to_the_oldest_each_once(parts):
    ids = [a_run(parts).id for _ in range(7)]
    seen, after = [], None
    while True:
        page = list_runs(parts, after=after, limit=3)
        seen += [run.id for run in page.runs]
        if (after := page.next) is None:
            break
    assert seen == ids[::-1]


def test_a_last_page_that_is_full_says_that_it_is_the_last(parts):
    for _ in range(4):
        a_run(parts)
    assert list_runs(parts, limit=4).next is None


def test_runs_are_found_by_status_name_and_data_set(parts):
    dataset = a_dataset(parts, "sides")
    mine = a_run(parts, name="mine", dataset_id=dataset.id, dataset_name="sides")
    a_run(parts)
    acquire(parts, mine.id, "w")
    for wanted in ({"status": "running"}, {"name": "mine"}, {"dataset": "sides"}, {"dataset": dataset.id}):
        assert [run.id for run in list_runs(parts, **wanted).runs] == [mine.id]
    with pytest.raises(UnknownStatus, match="succeeded"):
        list_runs(parts, status="done")


@pytest.mark.parametrize("read", [get_run, attempts, checkpoints, events, logs, lambda p, run: weights(p, run, 1)])
def test_a_run_that_does_not_exist_is_not_found_and_the_error_names_some_that_do(parts, read):
    with pytest.raises(UnknownRun, match="there are none yet"):
        read(parts, "nosuch")
    run = a_run(parts)
    with pytest.raises(UnknownRun, match=run.id):
        read(parts, "nosuch")


def test_weights_of_both_kinds_are_files(parts):
    run = a_run(parts)
    lease = acquire(parts, run.id, "w")
    for kind in ("best", "resume"):
        checkpointed(parts, lease, kind, 5, 0.5)
        found = weights(parts, run.id, 5, kind)
        assert hashlib.sha256(found.path.read_bytes()).hexdigest() == found.digest
    with pytest.raises(UnknownCheckpoint, match="it has 5"):
        weights(parts, run.id, 6)
    assert [(row.step, row.kind, row.attempt) for row in checkpoints(parts, run.id)] == [
        (5, "best", 1),
        (5, "resume", 1),
    ]


def test_events_go_on_from_a_cursor(parts):
    run = a_run(parts)
    finish(parts, acquire(parts, run.id, "w"), JobEnd("succeeded", "finished"))
    first, second = events(parts, run.id)
    assert (first.kind, second.kind) == ("running", "succeeded")
    assert events(parts, run.id, after=first.cursor) == [second]
    assert second.data == {"attempt": 1, "reason": "finished", "stopped": None}


def test_the_logs_are_those_of_all_attempts_when_one_of_them_has_said_something(parts, tmp_path):
    run = a_run(parts)
    with pytest.raises(NoLog):
        logs(parts, run.id)
    lease = acquire(parts, run.id, "w")
    with pytest.raises(NoLog):
        logs(parts, run.id)
    file = tmp_path / "log"
    file.write_text("said\n")
    parts.storage.put(log_key(run.id, 1), file)
    [found] = logs(parts, run.id)
    assert (found.path.read_text(), found.grows) == ("said\n", True)
    hand_back(parts, lease, "lost")
    acquire(parts, run.id, "w")
    assert [(one.attempt, one.grows, one.path.exists()) for one in logs(parts, run.id)] == [
        (1, False, True),
        (2, True, False),
    ]
    with pytest.raises(NoLog, match="attempt 2"):
        logs(parts, run.id, 2)


def test_times_are_rfc_3339_in_utc(parts):
    view = get_run(parts, a_run(parts).id)
    assert len(view.created) == len("2026-11-25T04:05:06.789Z")
    assert view.created[10] == "T"
    assert view.created[-1] == "Z"
    assert view.started is None
