"""Table of points: every metric value of every run, in the order of its cursor."""

from dataclasses import dataclass

from sqlalchemy import Column, Double, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from app.db.tables.metadata import metadata

points = Table(
    "points",
    metadata,
    Column("run_id", String(16), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("cursor", Integer, primary_key=True, autoincrement=False),
    Column("step", Integer, nullable=False),
    Column("epoch", Double, nullable=False),
    Column("split", String(8), nullable=False),
    Column("target", Text, nullable=False),  # '' is "over all targets": a NULL would admit doubles
    Column("name", Text, nullable=False),
    Column("value", Double, nullable=False),
    Column("time", Double, nullable=False),
    UniqueConstraint("run_id", "step", "split", "target", "name"),
    sqlite_with_rowid=False,  # rows lie in the order they are read in
)


@dataclass(frozen=True, slots=True)
class PointRow:
    """One row of `points`."""

    run_id: str
    cursor: int
    step: int
    epoch: float
    split: str
    target: str
    name: str
    value: float
    time: float
