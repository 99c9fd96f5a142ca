"""Table of events: what happened to a run, for people who ask why."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Double, ForeignKey, Integer, String, Table

from app.db.tables.metadata import json_column, metadata

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("run_id", String(16), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(24), nullable=False),  # a status that was entered, or `planned`
    Column("data", json_column(), nullable=False),
    Column("time", Double, nullable=False),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class EventRow:
    """One row of `events`."""

    seq: int
    run_id: str
    kind: str
    data: dict[str, Any]
    time: float
