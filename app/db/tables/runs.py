"""Table of runs: the truth about every run. A queue message only says "look at run X"."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import CheckConstraint, Column, Double, ForeignKey, Index, Integer, String, Table, Text

from app.db.tables.metadata import json_column, metadata

runs = Table(
    "runs",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),  # order of submission, the cursor of lists
    Column("id", String(16), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("status", String(16), nullable=False),
    # what was asked for
    Column("dataset_id", String(16), ForeignKey("datasets.id", ondelete="SET NULL"), index=True),
    Column("dataset_name", Text, nullable=False),  # both stay when the data set is removed after the run
    Column("dataset_digest", String(64), nullable=False),
    Column("form", String(8), nullable=False),  # short | full: decides the default budget
    Column("config", json_column(), nullable=False),
    Column("reasons", json_column(), nullable=False),
    Column("notes", json_column(), nullable=False),
    Column("tags", json_column(), nullable=False),
    Column("plan_request", json_column()),
    Column("workload", String(64), nullable=False, index=True),  # equal: one step costs the same
    # how it is carried out
    Column("plan", json_column()),  # made once, under the first lease
    Column("max_runtime_s", Double),
    Column("used_s", Double, nullable=False),  # time under leases, over all attempts
    Column("counted_at", Double),  # up to when used_s counts
    # how far it is
    Column("step", Integer, nullable=False),
    Column("steps", Integer),
    Column("epoch", Double, nullable=False),
    Column("eta_s", Double),
    Column("best", json_column()),
    Column("error", json_column()),
    Column("stopped", Text),
    Column("last_cursor", Integer, nullable=False),  # counter of the run's points
    Column("saved_step", Integer, nullable=False),  # the farthest step a checkpoint was ever recorded at
    # whose it is
    Column("attempt", Integer, nullable=False),  # leases taken
    Column("failures", Integer, nullable=False),  # lost, oom, error since the farthest checkpoint
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
    Index("ix_runs_status_seq", "status", "seq"),
    Index("ix_runs_name_status", "name", "status"),
    Index("ix_runs_lease_expires", "lease_expires"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class RunRow:
    """One row of `runs`."""

    seq: int
    id: str
    name: str
    status: str
    dataset_id: str | None
    dataset_name: str
    dataset_digest: str
    form: str
    config: dict[str, Any]
    reasons: dict[str, str]
    notes: list[dict[str, Any]]
    tags: list[str]
    plan_request: dict[str, Any] | None
    workload: str
    plan: dict[str, Any] | None
    max_runtime_s: float | None
    used_s: float
    counted_at: float | None
    step: int
    steps: int | None
    epoch: float
    eta_s: float | None
    best: dict[str, Any] | None
    error: dict[str, Any] | None
    stopped: str | None
    last_cursor: int
    saved_step: int
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
