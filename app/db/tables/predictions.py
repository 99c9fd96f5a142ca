"""Tables of predictions: one row for every job over a data set, and the parts of its result that are safe already."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import CheckConstraint, Column, Double, ForeignKey, Index, Integer, String, Table, Text

from app.db.tables.metadata import json_column, metadata

predictions = Table(
    "predictions",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),  # order of submission, the cursor of lists
    Column("id", String(16), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("status", String(16), nullable=False),
    # what was asked for; the checkpoint is settled at submission
    Column("model", Text),  # the name that was asked for, if it was one
    Column("run_id", String(16), ForeignKey("runs.id", ondelete="SET NULL"), index=True),
    Column("run_name", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("checkpoint_digest", String(64), nullable=False),
    Column("checkpoint_key", Text, nullable=False),
    Column("dataset_id", String(16), ForeignKey("datasets.id", ondelete="SET NULL"), index=True),
    Column("dataset_name", Text, nullable=False),
    Column("dataset_digest", String(64), nullable=False),
    # how far it is
    Column("files", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("eta_s", Double),
    Column("error", json_column()),
    Column("results", json_column()),  # form -> key, digest, size_bytes; once it has succeeded
    # whose it is
    Column("used_s", Double, nullable=False),  # time under leases, over all attempts
    Column("counted_at", Double),  # up to when used_s counts
    Column("attempt", Integer, nullable=False),  # leases taken
    Column("failures", Integer, nullable=False),  # lost, oom, error since the last new part
    Column("lease_token", String(32)),
    Column("lease_expires", Double),
    Column("worker", Text),
    Column("announced_at", Double, nullable=False),
    # which request it comes from, app/tracing.py
    Column("traceparent", String(55)),
    Column("request_id", String(128)),
    Column("created", Double, nullable=False),
    Column("started", Double),
    Column("ended", Double),
    Column("updated", Double, nullable=False),
    CheckConstraint("(lease_token IS NULL) = (lease_expires IS NULL)", name="lease_is_whole"),
    Index("ix_predictions_status_seq", "status", "seq"),
    Index("ix_predictions_lease_expires", "lease_expires"),
    sqlite_autoincrement=True,
)

prediction_parts = Table(
    "prediction_parts",
    metadata,
    Column("prediction_id", String(16), ForeignKey("predictions.id", ondelete="CASCADE"), primary_key=True),
    Column("first", Integer, primary_key=True, autoincrement=False),  # place of its first file in the data set
    Column("rows", Integer, nullable=False),
    Column("key", Text, nullable=False),  # of the blob in storage
    Column("digest", String(64), nullable=False),
)


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One row of `predictions`."""

    seq: int
    id: str
    name: str
    status: str
    model: str | None
    run_id: str | None
    run_name: str
    step: int
    checkpoint_digest: str
    checkpoint_key: str
    dataset_id: str | None
    dataset_name: str
    dataset_digest: str
    files: int
    done: int
    eta_s: float | None
    error: dict[str, Any] | None
    results: dict[str, dict[str, Any]] | None
    used_s: float
    counted_at: float | None
    attempt: int
    failures: int
    lease_token: str | None
    lease_expires: float | None
    worker: str | None
    announced_at: float
    traceparent: str | None
    request_id: str | None
    created: float
    started: float | None
    ended: float | None
    updated: float


@dataclass(frozen=True, slots=True)
class PartRow:
    """One row of `prediction_parts`."""

    prediction_id: str
    first: int
    rows: int
    key: str
    digest: str
