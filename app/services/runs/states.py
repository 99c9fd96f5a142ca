"""The states of a run: one table of transitions, and the one door through which a run changes its state."""

from enum import StrEnum
from typing import Any

from app.db import events, runs
from app.db.engine import Transaction
from app.db.tables.runs import RunRow
from app.errors import Conflict, Example


class Status(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELLED}),
    Status.RUNNING: frozenset({Status.QUEUED, Status.CANCELLING, Status.SUCCEEDED, Status.FAILED}),
    # training may come to its own end before it hears of the cancel
    Status.CANCELLING: frozenset({Status.CANCELLED, Status.SUCCEEDED, Status.FAILED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}
ENDED = frozenset(status for status, nexts in TRANSITIONS.items() if not nexts)


class WrongState(Conflict):
    """A run cannot go from its present state to the one that was asked for."""

    rule = "run-state"
    title = "The run's state does not allow this"
    mend = "Read the run again; what has ended stays as it is."
    example = Example("run 2f6c0d9e4b7a1853 is succeeded and has ended; it cannot become cancelling")


def transition(
    tx: Transaction,
    run: RunRow,
    to: Status,
    *,
    data: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
) -> RunRow:
    """Change the state of a run that this transaction holds, write the event, and return the run as it is now.

    `data` goes into the event, `changes` into the run's other columns.
    Raises WrongState when the table of transitions has no such way, or when somebody changed the run since it was read.
    """
    allowed = TRANSITIONS[Status(run.status)]
    if to not in allowed:
        ways = f"can only become {', '.join(sorted(allowed))}" if allowed else "has ended"
        raise WrongState(f"run {run.id} is {run.status} and {ways}; it cannot become {to}")
    moved = runs.move(tx, run, to, changes or {}, ended=to in ENDED)
    if moved is None:
        raise WrongState(f"run {run.id} is no longer {run.status}; read it again")
    events.add(tx, run.id, to, {"attempt": moved.attempt, **(data or {})})
    return moved
