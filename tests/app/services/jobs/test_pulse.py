"""The numbers that say how the service is doing, as they stand in the database."""

import pytest

from app.broker import Queue
from app.services.jobs.outcomes import JobEnd
from app.services.jobs.pulse import pulse
from app.services.jobs.reaper import reap
from app.services.runs.lease import acquire, finish
from tests.app.services.jobs.test_reaper import short, until
from tests.support.runs import a_run

pytestmark = pytest.mark.services

__all__ = ["short"]


def test_nothing_is_nought_and_every_status_is_counted(parts):
    now = pulse(parts)
    assert (now.attempts, now.reaped) == ({}, {})
    for jobs in now.jobs.values():
        assert set(jobs.by_status.values()) == {0}
        assert (jobs.leases, jobs.heartbeat_age_s, jobs.wait_s) == (0, 0.0, 0.0)


def test_leases_heartbeats_waits_and_attempts_are_those_of_the_rows(parts):
    ended = acquire(parts, a_run(parts).id, "w")
    finish(parts, ended, JobEnd("succeeded", "finished"))
    acquire(parts, a_run(parts).id, "w")
    a_run(parts)
    now = pulse(parts)
    runs, predictions = now.jobs[Queue.RUNS], now.jobs[Queue.PREDICTIONS]
    assert {status: count for status, count in runs.by_status.items() if count} == {
        "queued": 1,
        "running": 1,
        "succeeded": 1,
    }
    assert (runs.leases, predictions.leases) == (1, 0)
    assert 0 < runs.heartbeat_age_s < 60
    assert 0 < runs.wait_s < 60
    assert now.attempts == {"finished": 1, "running": 1}


def test_what_reapers_do_is_counted_where_every_process_sees_it(short):
    run = a_run(short)
    short.broker.messages.append("somebody else's")  # the queue is not empty: nothing is announced for being late
    for _ in range(2):
        assert acquire(short, run.id, "w")
        until(lambda: reap(short))
    assert pulse(short).reaped["runs", "queued"] == 2
