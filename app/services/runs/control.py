"""What people order a run to do: to pause, to go on, to end before its time."""

from collections.abc import Mapping

from app.db import runs
from app.db.engine import Transaction
from app.db.tables.runs import RunRow
from app.parts import Parts
from app.services.jobs.states import Status
from app.services.runs.find import unknown_run
from app.services.runs.states import transition
from app.services.runs.view import RunView, view_of

_CANCEL = {
    Status.QUEUED: Status.CANCELLED,
    Status.PAUSED: Status.CANCELLED,
    Status.CANCELLING: Status.CANCELLING,
    Status.CANCELLED: Status.CANCELLED,
}
_PAUSE = {Status.QUEUED: Status.PAUSED, Status.PAUSING: Status.PAUSING, Status.PAUSED: Status.PAUSED}
_RESUME = {Status.PAUSING: Status.RUNNING, Status.QUEUED: Status.QUEUED, Status.RUNNING: Status.RUNNING}


def cancel(parts: Parts, run_id: str) -> RunView:
    """End a run before its time: at once while it is queued or paused, else at the worker's next step.

    Cancelling twice is harmless. Raises NotFound, and WrongState for a run that ended otherwise.
    """
    with parts.db.transaction() as tx:
        return view_of(_ordered(tx, run_id, _CANCEL, Status.CANCELLING)[1])


def pause(parts: Parts, run_id: str) -> RunView:
    """Let a run rest: at once while it is queued, else after a checkpoint at the worker's next step.

    Pausing twice is harmless. Raises NotFound, and WrongState for a run that ended or is being cancelled.
    """
    with parts.db.transaction() as tx:
        return view_of(_ordered(tx, run_id, _PAUSE, Status.PAUSING)[1])


def resume(parts: Parts, run_id: str) -> RunView:
    """Let a paused run go on, from its checkpoint, on any worker; it goes before those that never began.

    A pause that no worker has heard of yet is withdrawn: the run never stops. A run that goes on already is left
    alone, so that resuming twice is harmless. Raises NotFound, and WrongState for a run that ended or is being
    cancelled.
    """
    with parts.db.transaction() as tx:
        before, run = _ordered(tx, run_id, _RESUME, Status.QUEUED)
    if (before, run.status) == (Status.PAUSED, Status.QUEUED):
        parts.broker.announce(run_id)
    return view_of(run)


def _ordered(tx: Transaction, run_id: str, answers: Mapping[Status, Status], otherwise: Status) -> tuple[str, RunRow]:
    """The state of a run before an order, and the run after it. answers: what becomes of it from which state."""
    run = runs.lock(tx, run_id)
    if run is None:
        raise unknown_run(tx, run_id)
    to = answers.get(Status(run.status), otherwise)
    if to == run.status:
        return run.status, run
    resumed = {"reason": "resumed"} if answers is _RESUME else None
    return run.status, transition(tx, run, to, data=resumed)
