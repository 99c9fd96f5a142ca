"""Table of attempts: one row for every lease that was taken on a run."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Integer, String, Table, Text

from app.db.tables.metadata import metadata

attempts = Table(
    "attempts",
    metadata,
    Column("run_id", String(16), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("worker", Text, nullable=False),
    Column("started", Double, nullable=False),
    Column("ended", Double),
    Column("reason", String(16)),  # finished | lost | oom | cancelled | paused | handed_back | error
    Column("resumed_from_step", Integer),
    Column("peak_memory_bytes", BigInteger),  # of the training process and all it started; null: not known
)


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One row of `attempts`."""

    run_id: str
    attempt: int
    worker: str
    started: float
    ended: float | None
    reason: str | None
    resumed_from_step: int | None
    peak_memory_bytes: int | None
