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
    """Close the attempt at a prediction that this transaction holds; the status it has now (see after_failure)."""
    to, changes = after_failure(tx, PREDICTIONS, prediction, reason, error, max_attempts=max_attempts, counted=counted)
    change(tx, PREDICTIONS, prediction, to, changes)
    return to
