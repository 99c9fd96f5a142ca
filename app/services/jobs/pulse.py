"""How the service is doing, in numbers: jobs by state, leases, heartbeats, waits, attempts, what reapers did."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.broker import Queue
from app.db import attempts, leases, reaper_actions
from app.db import jobs as job_rows
from app.db.engine import Transaction
from app.db.jobs import PREDICTIONS, RUNS, Jobs, Row
from app.parts import Parts
from app.services.jobs.states import PREDICTION_STATUSES, RUN_STATUSES, Status


@dataclass(frozen=True, slots=True)
class JobsPulse:
    """Jobs of one kind. Ages are seconds by the database's clock, 0 where there is nothing to be old."""

    by_status: Mapping[str, int]
    leases: int
    heartbeat_age_s: float
    wait_s: float


@dataclass(frozen=True, slots=True)
class Pulse:
    """All of it, from one moment. `attempts`: at runs, by the reason that ended them; `reaped`: by queue and action."""

    jobs: Mapping[Queue, JobsPulse]
    attempts: Mapping[str, int]
    reaped: Mapping[tuple[str, str], int]


GOES_ON = "running"
"""In the place of a reason, for attempts that have not ended."""
_KINDS: tuple[tuple[Queue, Jobs[Any], tuple[Status, ...]], ...] = (
    (Queue.RUNS, RUNS, RUN_STATUSES),
    (Queue.PREDICTIONS, PREDICTIONS, PREDICTION_STATUSES),
)


def pulse(parts: Parts) -> Pulse:
    """Counted anew; a handful of queries along indexes."""
    with parts.db.reading() as tx:
        jobs = {queue: _of(tx, kind, statuses) for queue, kind, statuses in _KINDS}
        ended = attempts.counts(tx)
        reaped = reaper_actions.counts(tx)
    return Pulse(jobs, {reason or GOES_ON: number for reason, number in ended.items()}, reaped)


def _of(tx: Transaction, jobs: Jobs[Row], statuses: tuple[Status, ...]) -> JobsPulse:
    counts = job_rows.count_by_status(tx, jobs)
    held, age_s = leases.pulse(tx, jobs)
    by_status = {status.value: counts.get(status, 0) for status in statuses}
    return JobsPulse(by_status, held, age_s, job_rows.oldest_wait_s(tx, jobs))
