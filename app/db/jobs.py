"""Statements about jobs: what runs and predictions share, a status, a lease and a place in the queue."""

from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Table, func, or_, select, update

from app.db.dialect import now
from app.db.rows import every, first, number
from app.db.tables import predictions, runs
from app.db.tables.predictions import PredictionRow
from app.db.tables.runs import RunRow


class JobRow(Protocol):
    """What a row of any table of jobs has."""

    @property
    def id(self) -> str:
        """16 hexadecimal digits."""

    @property
    def status(self) -> str:
        """See app.services.jobs.states."""

    @property
    def attempt(self) -> int:
        """Leases taken."""

    @property
    def failures(self) -> int:
        """Attempts that failed since something new was kept."""

    @property
    def lease_token(self) -> str | None:
        """Whoever has it may write."""


Row = TypeVar("Row", bound=JobRow)


@dataclass(frozen=True, slots=True)
class Jobs(Generic[Row]):
    """A table of jobs, the type of its rows, and what one of them is called."""

    table: Table
    row: type[Row]
    noun: str


RUNS = Jobs(runs, RunRow, "run")
PREDICTIONS = Jobs(predictions, PredictionRow, "prediction")


def lock(tx: Connection, jobs: Jobs[Row], job_id: str) -> Row | None:
    """A job by its id; nobody else can change it until the transaction ends."""
    return first(tx, select(jobs.table).where(jobs.table.c.id == job_id).with_for_update(), jobs.row)


def move(tx: Connection, jobs: Jobs[Row], job: Row, to: str, changes: dict[str, Any], *, ended: bool) -> Row | None:
    """Write a new status and what changes with it; None when status or lease are no longer those of `job`.

    A job that is queued again counts as announced, for its caller announces it after the commit.
    """
    table = jobs.table
    times: dict[str, Any] = {"updated": now(tx)}
    if to == "running":
        times["started"] = func.coalesce(table.c.started, now(tx))
    if to == "queued":
        times["announced_at"] = now(tx)
    if ended:
        times["ended"] = now(tx)
    statement = update(table).where(
        table.c.id == job.id,
        table.c.status == job.status,
        table.c.lease_token.is_not_distinct_from(job.lease_token),
    )
    return first(tx, statement.values(status=to, **times, **changes).returning(*table.c), jobs.row)


def count_by_status(tx: Connection, jobs: Jobs[Row]) -> dict[str, int]:
    """How many jobs there are in each status; statuses without one are left out."""
    status = jobs.table.c.status
    query = select(status, func.count().label("jobs")).group_by(status)
    return {found.status: found.jobs for found in tx.execute(query)}


def count_queued(tx: Connection, jobs: Jobs[Row]) -> int:
    """How many jobs wait for a worker."""
    return number(tx, select(func.count()).select_from(jobs.table).where(jobs.table.c.status == "queued"))


def oldest_wait_s(tx: Connection, jobs: Jobs[Row]) -> float:
    """How long the job that waits longest has been queued; 0 when none is."""
    table = jobs.table
    query = select(now(tx) - func.min(table.c.updated)).where(table.c.status == "queued")  # set when it was queued
    return max(0.0, tx.execute(query).scalar() or 0.0)


def interrupted(tx: Connection, jobs: Jobs[Row], limit: int) -> list[str]:
    """Ids of queued jobs that were at work before, the oldest first."""
    table = jobs.table
    query = select(table.c.id).where(table.c.status == "queued", table.c.attempt > 0)
    return list(tx.execute(query.order_by(table.c.seq).limit(limit)).scalars())


def unannounced(tx: Connection, jobs: Jobs[Row], older_than_s: float) -> list[Row]:
    """Queued jobs that were last announced longer ago; each is marked as announced now.

    One that was announced in the future was so before the clock was set back: nobody knows when.
    """
    table = jobs.table
    announced = table.c.announced_at
    late = or_(announced < now(tx) - older_than_s, announced > now(tx))
    queued = update(table).where(table.c.status == "queued", late)
    return every(tx, queued.values(announced_at=now(tx)).returning(*table.c), jobs.row)
