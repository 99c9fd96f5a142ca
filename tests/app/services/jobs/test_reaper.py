import itertools
import threading

import pytest

from app.services.jobs.lease import LeaseLost
from app.services.jobs.reaper import ReapAction, reap, reap_until
from app.services.runs.control import cancel
from app.services.runs.lease import acquire, hand_back, heartbeat
from app.services.runs.read import attempts, get_run
from tests.app.services.runs.test_lease import at_once
from tests.support.clock import set_an_hour_back
from tests.support.parts import opened_parts
from tests.support.runs import a_run, row_of

pytestmark = pytest.mark.services


@pytest.fixture
def short(tmp_path, database_url):
    """Parts whose leases and announcements are over as soon as the database's clock ticks."""
    with opened_parts(tmp_path, database_url, lease_s=0.001, announce_s=0.001) as opened:
        yield opened


def until(condition):
    """The first true answer; the test's own time limit ends a wait in vain."""
    return next(found for _ in itertools.count() if (found := condition()))


def test_a_live_lease_is_left_alone(parts):
    run = a_run(parts)
    acquire(parts, run.id, "w")
    assert reap(parts) == []


def test_an_expired_lease_queues_the_run_again_and_announces_it(short):
    run = a_run(short)
    short.broker.messages.append("somebody else's")  # the queue is not empty: nothing is announced for being late
    lost = acquire(short, run.id, "w")
    assert until(lambda: reap(short)) == [ReapAction(run.id, "queued")]
    assert short.broker.messages[-1] == run.id
    assert [(a.reason, a.ended is not None) for a in attempts(short, run.id)] == [("lost", True)]
    assert (row_of(short, run.id).status, row_of(short, run.id).failures) == ("queued", 1)
    with pytest.raises(LeaseLost):
        heartbeat(short, lost)


def test_an_expired_lease_that_nobody_took_over_can_still_be_renewed(short):
    run = a_run(short)
    lease = acquire(short, run.id, "w")
    assert heartbeat(short, lease) is None


def test_too_many_lost_workers_fail_the_run(short):
    run = a_run(short)
    short.broker.messages.append("somebody else's")
    done = []
    while acquire(short, run.id, "w"):
        done += until(lambda: reap(short))
    assert [one.action for one in done] == ["queued"] * 4 + ["failed"]
    view = get_run(short, run.id)
    assert (view.status, view.error["type"], view.attempt) == ("failed", "worker_lost", 5)
    assert "Failure 5 since the last new checkpoint, 5 at most (OCTET_MAX_ATTEMPTS)" in view.error["detail"]
    assert "submit it again" in view.error["detail"]


def test_a_cancelling_run_whose_worker_vanished_is_cancelled(short):
    run = a_run(short)
    acquire(short, run.id, "w")
    cancel(short, run.id)
    assert until(lambda: reap(short)) == [ReapAction(run.id, "cancelled")]
    assert [a.reason for a in attempts(short, run.id)] == ["lost"]


def test_a_queued_run_whose_message_was_lost_is_announced_again(short):
    run = a_run(short)
    assert until(lambda: reap(short)) == [ReapAction(run.id, "announced")]
    assert short.broker.messages == [run.id]


def test_a_message_that_still_waits_is_not_sent_twice(short):
    run = a_run(short)
    until(lambda: reap(short))
    assert [reap(short) for _ in range(20)] == [[]] * 20
    assert short.broker.messages == [run.id]


def test_a_lost_message_is_made_good_while_others_still_wait(short):
    """A backlog keeps the queue from ever being empty: the lost run must not wait for its end."""
    runs = [a_run(short).id for _ in range(4)]
    lost, *known = runs
    short.broker.messages += known
    done = until(lambda: reap(short))
    assert ReapAction(lost, "announced") in done
    assert short.broker.messages[:3] == known
    assert lost in short.broker.messages


def test_messages_never_outnumber_queued_runs_by_more_than_two_to_one(short):
    runs = [a_run(short).id for _ in range(5)]
    for _ in range(3):
        for _ in range(20):
            reap(short)
            assert len(short.broker.messages) <= 2 * len(runs)
        short.broker.messages.clear()  # all are lost, and nobody ever takes one
    until(lambda: reap(short))
    assert set(short.broker.messages) == set(runs)


def test_a_run_that_was_just_announced_is_not_announced_again(parts):
    a_run(parts)
    assert reap(parts) == []


def test_a_broker_that_is_away_does_not_keep_runs_from_being_taken_back(short):
    run = a_run(short)
    acquire(short, run.id, "w")
    short.broker.away = True
    assert until(lambda: reap(short)) == [ReapAction(run.id, "queued")]
    short.broker.away = False
    assert until(lambda: reap(short)) == [ReapAction(run.id, "announced")]


def test_eight_reapers_at_once_take_a_run_back_once(short):
    runs = [a_run(short).id for _ in range(4)]
    short.broker.messages.append("somebody else's")
    leases = [acquire(short, run, "w") for run in runs]
    done = []

    def all_back():
        done.extend(one for actions in at_once(8, lambda _: reap(short)) for one in actions if one.action == "queued")
        return len(done) >= 4

    until(all_back)
    assert sorted(one.job_id for one in done) == sorted(runs)
    assert [row_of(short, lease.run_id).failures for lease in leases] == [1, 1, 1, 1]


def test_the_time_of_a_vanished_worker_is_not_counted(short):
    run = a_run(short)
    acquire(short, run.id, "w")
    until(lambda: reap(short))
    assert row_of(short, run.id).used_s == 0.0


def test_a_handed_back_run_is_not_the_reapers(short):
    run = a_run(short)
    short.broker.messages.append("somebody else's")
    hand_back(short, acquire(short, run.id, "w"), "handed_back")
    assert reap(short) == []


def test_a_lease_whose_worker_died_before_the_clock_went_back_does_not_outlive_it_by_an_hour(short):
    run = a_run(short)
    acquire(short, run.id, "w")
    with short.db.transaction() as tx:
        set_an_hour_back(tx)
    assert ReapAction(run.id, "queued") in until(lambda: reap(short))


def test_a_lease_that_is_kept_is_still_kept_after_the_clock_went_back_and_its_time_still_counts(parts):
    run = a_run(parts)
    lease = acquire(parts, run.id, "w")
    with parts.db.transaction() as tx:
        set_an_hour_back(tx)
    assert reap(parts) == []
    assert row_of(parts, run.id).lease_expires < row_of(parts, run.id).updated - 1800
    with parts.db.transaction() as tx:
        set_an_hour_back(tx)
    assert heartbeat(parts, lease) is None
    assert 0 <= row_of(parts, run.id).used_s < 60


def test_a_run_that_no_worker_heard_of_is_announced_again_although_the_clock_went_back(short):
    run = a_run(short)
    with short.db.transaction() as tx:
        set_an_hour_back(tx)
    assert reap(short) == [ReapAction(run.id, "announced")]


class Looks(threading.Event):
    """Is set after so many waits, of which none takes time."""

    def __init__(self, number):
        super().__init__()
        self._left = number

    def wait(self, timeout=None):
        self._left -= 1
        return self._left < 0


def test_a_failure_that_goes_on_is_said_once_and_what_it_kept_from_is_done_afterwards(short, caplog):
    run = a_run(short)
    acquire(short, run.id, "w")
    with short.db.transaction() as tx:
        tx.exec_driver_sql("ALTER TABLE runs RENAME TO elsewhere")
    reap_until(Looks(5), short)
    assert [record.getMessage().startswith("the reaper could not look") for record in caplog.records] == [True]
    with short.db.transaction() as tx:
        tx.exec_driver_sql("ALTER TABLE elsewhere RENAME TO runs")
    until(lambda: reap_until(Looks(1), short) or row_of(short, run.id).status == "queued")
    assert len(caplog.records) == 1
