"""What people order a run to do."""

from app.db import runs
from app.parts import Parts
from app.services.jobs.states import Status
from app.services.runs.find import unknown_run
from app.services.runs.states import transition
from app.services.runs.view import RunView, view_of


def cancel(parts: Parts, run_id: str) -> RunView:
    """End a run before its time: at once while it is queued, else at the worker's next step.

    Cancelling twice is harmless. Raises NotFound, and WrongState for a run that ended otherwise.
    """
    with parts.db.transaction() as tx:
        run = runs.lock(tx, run_id)
        if run is None:
            raise unknown_run(tx, run_id)
        if run.status == Status.QUEUED:
            run = transition(tx, run, Status.CANCELLED)
        elif run.status not in (Status.CANCELLING, Status.CANCELLED):
            run = transition(tx, run, Status.CANCELLING)
    return view_of(run)
