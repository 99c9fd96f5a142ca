"""What is said when a data set does not exist."""

from app.db import datasets
from app.db.engine import Transaction
from app.errors import Example, NotFound

_LISTED = 10


class UnknownDataset(NotFound):
    """No data set has this id."""

    rule = "unknown-dataset"
    title = "No such data set"
    mend = "Take an id or a name from GET /datasets."
    example = Example("no data set has the id 'imbd'; the newest are called imdb, reviews")


def unknown_dataset(tx: Transaction, dataset_id: str) -> UnknownDataset:
    """The error for an id that no data set has; it names what exists."""
    return UnknownDataset(f"no data set has the id {dataset_id!r}; {known_datasets(tx)}")


def known_datasets(tx: Transaction) -> str:
    """Which data sets there are, in words."""
    names = datasets.names(tx, _LISTED)
    return f"the newest are called {', '.join(names)}" if names else "there are none yet; POST /datasets makes one"
