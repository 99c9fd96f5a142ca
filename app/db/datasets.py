"""Statements about data sets."""

from typing import Any

from sqlalchemy import Connection, delete, exists, or_, select

from app.db.dialect import insert, now
from app.db.rows import every, first
from app.db.tables import datasets
from app.db.tables.datasets import DatasetRow


def add(tx: Connection, values: dict[str, Any]) -> DatasetRow | None:
    """Insert a data set; None when its name is taken."""
    statement = insert(tx, datasets).values(created=now(tx), **values)
    statement = statement.on_conflict_do_nothing(index_elements=["name"])
    return first(tx, statement.returning(*datasets.c), DatasetRow)


def get(tx: Connection, dataset_id: str) -> DatasetRow | None:
    """A data set by its id."""
    return first(tx, select(datasets).where(datasets.c.id == dataset_id), DatasetRow)


def by_name(tx: Connection, name: str) -> DatasetRow | None:
    """A data set by its name."""
    return first(tx, select(datasets).where(datasets.c.name == name), DatasetRow)


def lock(tx: Connection, dataset_id: str) -> DatasetRow | None:
    """A data set by its id, for removal: nobody can begin to use it until the transaction ends."""
    return first(tx, select(datasets).where(datasets.c.id == dataset_id).with_for_update(), DatasetRow)


def find(tx: Connection, name_or_id: str, *, keep: bool = False) -> DatasetRow | None:
    """A data set by id or name; an id wins over a name. `keep`: nobody can remove it until the transaction ends."""
    query = select(datasets).where(or_(datasets.c.id == name_or_id, datasets.c.name == name_or_id))
    query = query.order_by((datasets.c.id == name_or_id).desc()).limit(1)
    return first(tx, query.with_for_update(read=True, key_share=True) if keep else query, DatasetRow)


def page(tx: Connection, before: int | None, limit: int) -> list[DatasetRow]:
    """Newest first, from below a cursor."""
    query = select(datasets).order_by(datasets.c.seq.desc()).limit(limit)
    return every(tx, query if before is None else query.where(datasets.c.seq < before), DatasetRow)


def names(tx: Connection, limit: int) -> list[str]:
    """The names of the newest data sets."""
    return list(tx.execute(select(datasets.c.name).order_by(datasets.c.seq.desc()).limit(limit)).scalars())


def remove(tx: Connection, dataset_id: str) -> None:
    """Delete one row."""
    tx.execute(delete(datasets).where(datasets.c.id == dataset_id))


def refers(tx: Connection, digest: str) -> bool:
    """Whether any data set has this content."""
    return bool(tx.execute(select(exists().where(datasets.c.digest == digest))).scalar())
