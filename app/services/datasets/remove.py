"""Remove a data set."""

from app.db import datasets, predictions, runs
from app.db.dialect import hold
from app.errors import Conflict, Example, Fault
from app.parts import Parts
from app.services.datasets.find import found_dataset, unknown_dataset
from app.services.datasets.view import said_key, storage_key


class DatasetInUse(Conflict):
    """A run or prediction that has not ended may still read the data set."""

    rule = "dataset-in-use"
    title = "The data set is in use"
    mend = "Cancel the runs and predictions that the detail names, or wait for their end; then remove the data set."
    example = Example(
        "data set reviews is used by run 2f6c0d9e4b7a1853; cancel them or wait for their end", "dataset_id"
    )


def remove_dataset(parts: Parts, dataset_id: str) -> None:
    """Remove a data set, by id or else by name, and its files when no other name has the same content.

    Runs that ended keep their results.

    Raises UnknownDataset, DatasetInUse.
    """
    with parts.db.transaction(with_files=True) as tx:
        row = datasets.lock(tx, found_dataset(tx, dataset_id).id)
        if row is None:
            raise unknown_dataset(tx, dataset_id)
        users = [f"run {run}" for run in runs.users_of_dataset(tx, row.id)]
        users += [f"prediction {prediction}" for prediction in predictions.users_of_dataset(tx, row.id)]
        if users:
            raise DatasetInUse(
                f"data set {row.name} is used by {', '.join(users)}; cancel them or wait for their end",
                [Fault("dataset_id", f"{user} uses it; cancel it or wait for its end") for user in users],
            )
        hold(tx, row.digest)
        datasets.remove(tx, row.id)
        # Before the commit, under the lock: after it, an upload of the same content could find files that vanish.
        # Should the commit fail, the row stays without files, and whoever wanted it removed asks again.
        if not datasets.refers(tx, row.digest):
            parts.storage.delete(storage_key(row.digest))
    parts.storage.delete(said_key(row.id))
