"""The states of a job: one table of transitions, and the one door through which a job changes its state."""

from enum import StrEnum
from typing import Any

from app.db import jobs as job_rows
from app.db.engine import Transaction
from app.db.jobs import Jobs, Row
from app.errors import Conflict, Example


class Status(StrEnum):
    """Where a run or a prediction stands."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELLED}),
    Status.RUNNING: frozenset({Status.QUEUED, Status.CANCELLING, Status.SUCCEEDED, Status.FAILED}),
    # the job may come to its own end before it hears of the cancel
    Status.CANCELLING: frozenset({Status.CANCELLED, Status.SUCCEEDED, Status.FAILED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}
ENDED = frozenset(status for status, nexts in TRANSITIONS.items() if not nexts)


class WrongState(Conflict):
    """A run or prediction cannot go from its present state to the one that was asked for."""

    rule = "run-state"
    title = "The state does not allow this"
    mend = "Read the run or prediction again; what has ended stays as it is."
    example = Example("run 2f6c0d9e4b7a1853 is succeeded and has ended; it cannot become cancelling")


def change(tx: Transaction, jobs: Jobs[Row], job: Row, to: Status, changes: dict[str, Any] | None = None) -> Row:
    """Change the state of a job that this transaction holds; the job as it is now. `changes`: its other columns.

    Raises WrongState when the table of transitions has no such way, or when somebody changed the job since it was read.
    """
    allowed = TRANSITIONS[Status(job.status)]
    if to not in allowed:
        ways = f"can only become {', '.join(sorted(allowed))}" if allowed else "has ended"
        raise WrongState(f"{jobs.noun} {job.id} is {job.status} and {ways}; it cannot become {to}")
    moved = job_rows.move(tx, jobs, job, to, changes or {}, ended=to in ENDED)
    if moved is None:
        raise WrongState(f"{jobs.noun} {job.id} is no longer {job.status}; read it again")
    return moved
