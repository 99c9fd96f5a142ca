"""What people order a prediction to do: to end, or to go."""

from app.db import jobs as job_rows
from app.db import predictions
from app.db.jobs import PREDICTIONS
from app.errors import Conflict, Example
from app.parts import Parts
from app.services.jobs.states import ENDED, Status, change
from app.services.predictions.find import unknown_prediction
from app.services.predictions.keys import folder_key
from app.services.predictions.view import PredictionView, view_of


class PredictionNotEnded(Conflict):
    """A prediction that a worker may still write to cannot be removed."""

    rule = "prediction-not-ended"
    title = "The prediction has not ended"
    mend = "Cancel the prediction and wait for its end, then remove it."
    example = Example(
        "prediction 5d1c0a9e4b7a1853 is running; POST /predictions/5d1c0a9e4b7a1853/cancel and wait for its end first"
    )


def cancel(parts: Parts, prediction_id: str) -> PredictionView:
    """End a prediction before its time: at once while it is queued, else at the worker's next batch.

    Cancelling twice is harmless. Raises UnknownPrediction, and WrongState for one that ended otherwise.
    """
    with parts.db.transaction() as tx:
        row = job_rows.lock(tx, PREDICTIONS, prediction_id)
        if row is None:
            raise unknown_prediction(tx, prediction_id)
        if row.status == Status.QUEUED:
            row = change(tx, PREDICTIONS, row, Status.CANCELLED)
        elif row.status not in (Status.CANCELLING, Status.CANCELLED):
            row = change(tx, PREDICTIONS, row, Status.CANCELLING)
    return view_of(row)


def remove(parts: Parts, prediction_id: str) -> None:
    """Remove a prediction that has ended, with its result. Raises UnknownPrediction, PredictionNotEnded."""
    with parts.db.transaction() as tx:
        row = job_rows.lock(tx, PREDICTIONS, prediction_id)
        if row is None:
            raise unknown_prediction(tx, prediction_id)
        if row.status not in ENDED:
            mend = f"POST /predictions/{prediction_id}/cancel and wait for its end first"
            raise PredictionNotEnded(f"prediction {prediction_id} is {row.status}; {mend}")
        predictions.remove(tx, prediction_id)
    # After the commit: should the process die in between, files stay that nobody refers to, never the other way round.
    parts.storage.delete(folder_key(prediction_id))
