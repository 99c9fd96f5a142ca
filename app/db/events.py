"""Statements about events."""

from typing import Any

from sqlalchemy import Connection, func, insert, select

from app.db.dialect import now
from app.db.rows import every
from app.db.tables import events
from app.db.tables.events import EventRow


def add(tx: Connection, run_id: str, kind: str, data: dict[str, Any]) -> None:
    """Something happened to a run."""
    tx.execute(insert(events).values(run_id=run_id, kind=kind, data=data, time=now(tx)))


def last(tx: Connection, run_id: str) -> int:
    """The cursor of the newest event of a run; 0 when there is none."""
    return tx.scalar(select(func.max(events.c.seq)).where(events.c.run_id == run_id)) or 0


def after(tx: Connection, run_id: str, cursor: int, limit: int) -> list[EventRow]:
    """What happened to a run since, in order."""
    query = select(events).where(events.c.run_id == run_id, events.c.seq > cursor)
    return every(tx, query.order_by(events.c.seq).limit(limit), EventRow)
