"""Statements about blobs: which keys the rows of the whole database name."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from app.db.tables import checkpoints, datasets, prediction_parts, predictions


def named_keys(tx: Connection) -> Iterator[str]:
    """The keys of checkpoints, of parts of results and of results."""
    yield from tx.execute(select(checkpoints.c.key)).scalars()
    yield from tx.execute(select(prediction_parts.c.key)).scalars()
    for results in tx.execute(select(predictions.c.results)).scalars():
        yield from (stored["key"] for stored in (results or {}).values())


def contents(tx: Connection) -> list[str]:
    """The digests of the packs of data sets."""
    return list(tx.execute(select(datasets.c.digest).distinct()).scalars())
