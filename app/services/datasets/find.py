"""What is said when a data set does not exist."""

import difflib

from app.db import datasets
from app.db.engine import Transaction
from app.db.tables.datasets import DatasetRow
from app.errors import Example, NotFound

_LISTED = 10
_COMPARED = 1_000
"""So many of the newest names are looked at for the nearest."""


class UnknownDataset(NotFound):
    """No data set has this id."""

    rule = "unknown-dataset"
    title = "No such data set"
    mend = "Take an id or a name from GET /datasets."
    example = Example("no data set has the id 'imbd'; the newest are called imdb, reviews")


def found_dataset(tx: Transaction, dataset_id: str) -> DatasetRow:
    """A data set by its id, or else by its name. Raises UnknownDataset."""
    row = datasets.get(tx, dataset_id) or datasets.by_name(tx, dataset_id)
    if row is None:
        raise unknown_dataset(tx, dataset_id)
    return row


def unknown_dataset(tx: Transaction, dataset_id: str) -> UnknownDataset:
    """The error for an id that no data set has; it names what exists."""
    return UnknownDataset(f"no data set has the id {dataset_id!r}; {known_datasets(tx, dataset_id)}")


def known_datasets(tx: Transaction, asked: str) -> str:
    """What was meant in place of `asked`, in words: the data set of the nearest name, else which there are."""
    names = datasets.names(tx, _COMPARED)
    if near := difflib.get_close_matches(asked, names, n=1):
        return f"the nearest is called {near[0]!r}"
    if names:
        return f"the newest are called {', '.join(names[:_LISTED])}"
    return "there are none yet; POST /datasets makes one"
