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
    cancelled = run.status == Status.CANCELLING
    attempts.close(tx, run.id, run.attempt, "cancelled" if cancelled and reason == "handed_back" else reason)
    again_oom = reason == "oom" and run.failures > 0 and attempts.reason_of(tx, run.id, run.attempt - 1) == "oom"
    final = _AGAIN_OOM if again_oom else None
    to, changes = after_failure(tx, RUNS, run, reason, error, max_attempts=max_attempts, counted=counted, final=final)
    transition(tx, run, to, data={"reason": reason}, changes=changes)
    return to


_AGAIN_OOM = "Twice in a row without a new checkpoint: the same plan needs the same memory each time."
