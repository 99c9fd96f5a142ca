"""The one door through which a run changes its state: the states of any job, with an event for each."""

from typing import Any

from app.db import events
from app.db.engine import Transaction
from app.db.jobs import RUNS
from app.db.tables.runs import RunRow
from app.services.jobs.states import Status, change
from app.tracing import Origin, current


def transition(
    tx: Transaction,
    run: RunRow,
    to: Status,
    *,
    data: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
) -> RunRow:
    """Change the state of a run that this transaction holds, write the event, and return the run as it is now.

    `data` goes into the event, with the type of an error; `changes` into the run's other columns. The event names the
    request that it comes from: the one at hand (a cancel), else the run's own. Raises WrongState.
    """
    moved = change(tx, RUNS, run, to, changes)
    error = (changes or {}).get("error")
    why = {"error": error["type"]} if error else {}
    events.add(tx, run.id, to, {"attempt": moved.attempt, **(data or {}), **why, **origin_of(run)})
    return moved


def origin_of(run: RunRow) -> dict[str, str]:
    """Where what happens now to a run comes from, as its event says it; nothing for runs older than traces."""
    origin = current() or (Origin.of(run.traceparent, run.request_id) if run.traceparent else None)
    return {} if origin is None else origin.named
