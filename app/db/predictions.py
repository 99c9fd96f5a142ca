"""Statements about predictions. What they share with runs is in jobs.py, who may write a leased one in leases.py."""

from typing import Any

from sqlalchemy import Connection, delete, select

from app.db.dialect import insert, now
from app.db.rows import every, first, only
from app.db.tables import prediction_parts as parts
from app.db.tables import predictions
from app.db.tables.predictions import PartRow, PredictionRow

_UNFINISHED = ("queued", "running", "cancelling")


def add(tx: Connection, values: dict[str, Any]) -> PredictionRow:
    """Insert a queued prediction; it counts as announced from now on."""
    fresh = {
        "status": "queued",
        "done": 0,
        "used_s": 0.0,
        "attempt": 0,
        "failures": 0,
        "created": now(tx),
        "updated": now(tx),
        "announced_at": now(tx),
    }
    return only(tx, insert(tx, predictions).values(fresh | values).returning(*predictions.c), PredictionRow)


def get(tx: Connection, prediction_id: str) -> PredictionRow | None:
    """A prediction by its id."""
    return first(tx, select(predictions).where(predictions.c.id == prediction_id), PredictionRow)


def page(tx: Connection, *, before: int | None, limit: int, status: str | None) -> list[PredictionRow]:
    """Newest first, from below a cursor."""
    query = select(predictions).order_by(predictions.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(predictions.c.seq < before)
    if status is not None:
        query = query.where(predictions.c.status == status)
    return every(tx, query, PredictionRow)


def newest_ids(tx: Connection, limit: int) -> list[str]:
    """Ids of the newest predictions."""
    return list(tx.execute(select(predictions.c.id).order_by(predictions.c.seq.desc()).limit(limit)).scalars())


def remove(tx: Connection, prediction_id: str) -> None:
    """Delete one prediction; its parts and keys go with it."""
    tx.execute(delete(predictions).where(predictions.c.id == prediction_id))


def users_of_dataset(tx: Connection, dataset_id: str) -> list[str]:
    """Ids of the predictions that may still read a data set."""
    return _unfinished(tx, predictions.c.dataset_id == dataset_id)


def users_of_run(tx: Connection, run_id: str) -> list[str]:
    """Ids of the predictions that may still read a checkpoint of a run."""
    return _unfinished(tx, predictions.c.run_id == run_id)


def steps_in_use(tx: Connection, run_id: str) -> set[int]:
    """Steps of a run whose best checkpoint an unfinished prediction reads."""
    query = select(predictions.c.step).where(predictions.c.run_id == run_id, predictions.c.status.in_(_UNFINISHED))
    return set(tx.execute(query).scalars())


def add_part(tx: Connection, values: dict[str, Any]) -> None:
    """Record a part of a result."""
    tx.execute(insert(tx, parts).values(**values))


def parts_of(tx: Connection, prediction_id: str) -> list[PartRow]:
    """The parts of a result, in the order of their files."""
    return every(tx, select(parts).where(parts.c.prediction_id == prediction_id).order_by(parts.c.first), PartRow)


def remove_parts(tx: Connection, prediction_id: str, *, from_first: int = 0) -> list[str]:
    """Forget the parts from a file on; the keys of their blobs."""
    gone = delete(parts).where(parts.c.prediction_id == prediction_id, parts.c.first >= from_first)
    return list(tx.execute(gone.returning(parts.c.key)).scalars())


def _unfinished(tx: Connection, which: Any) -> list[str]:
    query = select(predictions.c.id).where(which, predictions.c.status.in_(_UNFINISHED))
    return list(tx.execute(query.order_by(predictions.c.seq)).scalars())
