"""What is said when a prediction does not exist."""

from app.db import predictions
from app.db.engine import Transaction
from app.db.tables.predictions import PredictionRow
from app.errors import Example, NotFound

_LISTED = 5


class UnknownPrediction(NotFound):
    """No prediction over a data set has this id."""

    rule = "unknown-prediction"
    title = "No such prediction"
    mend = "Use an id that GET /predictions lists."
    example = Example("no prediction has the id '0123'; the newest are 5d1c0a9e4b7a1853")


def found_prediction(tx: Transaction, prediction_id: str) -> PredictionRow:
    """A prediction by its id. Raises UnknownPrediction."""
    row = predictions.get(tx, prediction_id)
    if row is None:
        raise unknown_prediction(tx, prediction_id)
    return row


def unknown_prediction(tx: Transaction, prediction_id: str) -> UnknownPrediction:
    """The error for an id that no prediction has; it lists the newest that exist."""
    newest = predictions.newest_ids(tx, _LISTED)
    known = f"the newest are {', '.join(newest)}" if newest else "there are none yet; POST /predictions makes one"
    return UnknownPrediction(f"no prediction has the id {prediction_id!r}; {known}")
