"""What becomes of a run whose attempt ended before the run did."""

from app.db import attempts
from app.db.engine import Transaction
from app.db.jobs import RUNS
from app.db.tables.runs import RunRow
from app.services.jobs.outcomes import JobError, Reason, after_failure
from app.services.jobs.states import Status
from app.services.runs.states import transition


def give_up(
    tx: Transaction, run: RunRow, reason: Reason, error: JobError | None, *, max_attempts: int, counted: bool
) -> Status:
    """Close the attempt at a run that this transaction holds; the status it has now (see after_failure).

    The second time in a row that memory did not suffice fails it, too.
    """
    closed = _ORDERED.get(Status(run.status), reason) if reason == "handed_back" else reason
    attempts.close(tx, run.id, run.attempt, closed)
    again_oom = reason == "oom" and run.failures > 0 and attempts.reason_of(tx, run.id, run.attempt - 1) == "oom"
    final = _AGAIN_OOM if again_oom else None
    to, changes = after_failure(tx, RUNS, run, reason, error, max_attempts=max_attempts, counted=counted, final=final)
    transition(tx, run, to, data={"reason": closed}, changes=changes)
    return to


_ORDERED = {Status.CANCELLING: "cancelled", Status.PAUSING: "paused"}
"""Why an attempt ended that stopped as it was told to. Told to pause and then to go on, it was merely handed back."""
_AGAIN_OOM = "Twice in a row without a new checkpoint: the same plan needs the same memory each time."
