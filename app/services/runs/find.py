"""What is said when a run, or a checkpoint of it, does not exist."""

from typing import Literal

from app.db import checkpoints, runs
from app.db.engine import Transaction
from app.db.tables.checkpoints import CheckpointRow
from app.db.tables.runs import RunRow
from app.errors import Example, Fault, Invalid, NotFound

_LISTED = 5


class UnknownRun(NotFound):
    """No run has this id."""

    rule = "unknown-run"
    title = "No such run"
    mend = "Take an id from GET /runs; a run that was removed is gone for good."
    example = Example("no run has the id '2f6c'; the newest are 2f6c0d9e4b7a1853")


class UnknownCheckpoint(NotFound):
    """The run has no checkpoint of this kind at this step (any more)."""

    rule = "unknown-checkpoint"
    title = "No such checkpoint"
    mend = "Take a step from GET /runs/{run_id}/checkpoints; a live run drops checkpoints as better ones come."
    example = Example("run 2f6c0d9e4b7a1853 has no best checkpoint at step 7; it has 5, 10")


def found_run(tx: Transaction, run_id: str) -> RunRow:
    """A run by its id. Raises UnknownRun."""
    run = runs.get(tx, run_id)
    if run is None:
        raise unknown_run(tx, run_id)
    return run


def found_checkpoint(tx: Transaction, run_id: str, step: int, kind: Literal["best", "resume"]) -> CheckpointRow:
    """One checkpoint of a run that exists. Raises UnknownCheckpoint, which lists the steps that there are."""
    row = checkpoints.get(tx, run_id, kind, step)
    if row is None:
        steps = [str(other.step) for other in checkpoints.of_run(tx, run_id) if other.kind == kind]
        known = f"it has {', '.join(steps)}" if steps else "it has none of this kind"
        raise UnknownCheckpoint(f"run {run_id} has no {kind} checkpoint at step {step}; {known}")
    return row


def unknown_run(tx: Transaction, run_id: str) -> UnknownRun:
    """The error for an id that no run has; it lists the newest that exist."""
    newest = runs.newest_ids(tx, _LISTED)
    known = f"the newest are {', '.join(newest)}" if newest else "there are none yet; POST /runs makes one"
    return UnknownRun(f"no run has the id {run_id!r}; {known}")


class BadCursor(Invalid):
    """The cursor is none that this run has given out."""

    rule = "bad-cursor"
    title = "Not a cursor of this run"
    mend = "Go on with the `next` of the page before (or the last event's id), or begin at 0."
    example = Example("9 is no cursor of run 2f6c0d9e4b7a1853: they go from 0 to 4 now; begin at 0", "after")


def refuse_beyond(after: int, last: int, run_id: str) -> None:
    """Raises BadCursor for a cursor beyond the last: who polled with it would miss all that comes up to there."""
    if not 0 <= after <= last:
        detail = f"{after} is no cursor of run {run_id}: they go from 0 to {last} now; begin at 0"
        raise BadCursor(detail, [Fault("after", detail)])
