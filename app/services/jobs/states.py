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
    PAUSING = "pausing"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.PAUSED, Status.CANCELLED}),
    Status.RUNNING: frozenset({Status.QUEUED, Status.PAUSING, Status.CANCELLING, Status.SUCCEEDED, Status.FAILED}),
    # the job may come to its own end before it hears of a pause or a cancel; a pause may be withdrawn, a cancel not
    Status.PAUSING: frozenset({Status.PAUSED, Status.RUNNING, Status.CANCELLING, Status.SUCCEEDED, Status.FAILED}),
    Status.PAUSED: frozenset({Status.QUEUED, Status.CANCELLED}),
    Status.CANCELLING: frozenset({Status.CANCELLED, Status.SUCCEEDED, Status.FAILED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}
ENDED = frozenset(status for status, nexts in TRANSITIONS.items() if not nexts)
HELD = (Status.RUNNING, Status.PAUSING, Status.CANCELLING)
"""A worker holds the lease."""
RUN_STATUSES: tuple[Status, ...] = tuple(Status)
PREDICTION_STATUSES = tuple(status for status in Status if status not in (Status.PAUSING, Status.PAUSED))
"""A prediction over a data set takes minutes and no GPU: nobody needs to pause one."""
_STATUSES = {"run": RUN_STATUSES, "prediction": PREDICTION_STATUSES}


class WrongState(Conflict):
    """A run or prediction cannot go from its present state to the one that was asked for."""

    rule = "run-state"
    title = "The state does not allow this"
    mend = "Read the run or prediction again; what has ended stays as it is."
    example = Example("run 2f6c0d9e4b7a1853 is succeeded and has ended; it cannot become cancelling")


def change(tx: Transaction, jobs: Jobs[Row], job: Row, to: Status, changes: dict[str, Any] | None = None) -> Row:
    """Change the state of a job that this transaction holds; the job as it is now. `changes`: its other columns.

    Raises WrongState when the table of transitions has no such way for a job of this kind, or when somebody changed
    the job since it was read.
    """
    allowed = TRANSITIONS[Status(job.status)].intersection(_STATUSES[jobs.noun])
    if to not in allowed:
        ways = f"can only become {', '.join(sorted(allowed))}" if allowed else "has ended"
        raise WrongState(f"{jobs.noun} {job.id} is {job.status} and {ways}; it cannot become {to}")
    moved = job_rows.move(tx, jobs, job, to, changes or {}, ended=to in ENDED)
    if moved is None:
        raise WrongState(f"{jobs.noun} {job.id} is no longer {job.status}; read it again")
    return moved
