"""What can be read of data sets."""

from dataclasses import dataclass

from app.db import datasets
from app.parts import Parts
from app.services.datasets.find import found_dataset
from app.services.datasets.view import DatasetView, view_of

MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class DatasetPage:
    """Data sets, the newest first; `next` is the cursor of the following page, None at the end."""

    datasets: list[DatasetView]
    next: int | None


def list_datasets(parts: Parts, *, after: int | None = None, limit: int = 100) -> DatasetPage:
    """Data sets, the newest first; `after` is the `next` of the page before."""
    limit = max(1, min(limit, MAX_LIMIT))
    with parts.db.reading() as tx:
        rows = datasets.page(tx, after, limit + 1)
    return DatasetPage([view_of(row) for row in rows[:limit]], rows[limit - 1].seq if len(rows) > limit else None)


def get_dataset(parts: Parts, dataset_id: str) -> DatasetView:
    """One data set by its id, or else by its name. Raises UnknownDataset."""
    with parts.db.reading() as tx:
        return view_of(found_dataset(tx, dataset_id))
