"""What becomes of a prediction whose attempt ended before it did."""

from app.db.engine import Transaction
from app.db.jobs import PREDICTIONS
from app.db.tables.predictions import PredictionRow
from app.services.jobs.outcomes import JobError, Reason, after_failure
from app.services.jobs.states import Status, change


def give_up(
    tx: Transaction,
    prediction: PredictionRow,
    reason: Reason,
    error: JobError | None,
    *,
    max_attempts: int,
    counted: bool,
) -> Status:
    """Close the attempt at a prediction that this transaction holds; the status it has now (see after_failure).

    Want of memory right after another failure fails it, too.
    """
    final = _AGAIN_OOM if reason == "oom" and prediction.failures > 0 else None
    to, changes = after_failure(
        tx, PREDICTIONS, prediction, reason, error, max_attempts=max_attempts, counted=counted, final=final
    )
    change(tx, PREDICTIONS, prediction, to, changes)
    return to


_AGAIN_OOM = "Not the first failure without a new part of the result: the same files need the same memory each time."
