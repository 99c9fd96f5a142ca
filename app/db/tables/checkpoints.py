"""Table of checkpoints: the files of a run that exist for others."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Integer, String, Table, Text

from app.db.tables.metadata import json_column, metadata

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("run_id", String(16), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(8), primary_key=True),  # best: served | resume: the whole training state
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, nullable=False),
    Column("key", Text, nullable=False),  # of the blob in storage
    Column("digest", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("average", Double),  # what `best` goes by
    Column("metrics", json_column(), nullable=False),
    Column("created", Double, nullable=False),
)


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """One row of `checkpoints`."""

    run_id: str
    kind: str
    step: int
    attempt: int
    key: str
    digest: str
    size_bytes: int
    average: float | None
    metrics: dict[str, Any]
    created: float
