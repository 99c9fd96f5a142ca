"""Rows that most tests of runs begin with, made without the use cases that are under test."""

import hashlib
from pathlib import Path
from typing import Any

from app.db import datasets, runs
from app.db.tables.datasets import DatasetRow
from app.db.tables.runs import RunRow
from app.parts import Parts
from app.services.ids import new_id
from app.services.runs.keys import checkpoint_key
from app.services.runs.lease import Lease, record_checkpoint
from models.training.report import Point, Saved

CONFIG = {"globals": {"evaluation_checkpoint": {"n_saved_models": 1}}}


def a_dataset(parts: Parts, name: str = "reviews") -> DatasetRow:
    """A data set's row."""
    values: dict[str, Any] = {
        "id": new_id(),
        "name": name,
        "digest": "d" * 64,
        "files": 2,
        "bytes": 10,
        "summary": {"lengths": {}, "targets": {}},
        "ignored": [],
        "ignored_count": 0,
        "problems": [],
        "problem_counts": {},
    }
    with parts.db.transaction() as tx:
        row = datasets.add(tx, values)
    assert row is not None
    return row


def a_run(parts: Parts, **values: Any) -> RunRow:
    """A queued run of no data set."""
    fresh: dict[str, Any] = {
        "id": new_id(),
        "name": "a run",
        "dataset_name": "reviews",
        "dataset_digest": "d" * 64,
        "form": "full",
        "config": CONFIG,
        "reasons": {},
        "notes": [],
        "tags": [],
        "workload": "w" * 64,
    }
    with parts.db.transaction() as tx:
        return runs.add(tx, fresh | values)


def row_of(parts: Parts, run_id: str) -> RunRow:
    """The run's row as it is now."""
    with parts.db.reading() as tx:
        row = runs.get(tx, run_id)
    assert row is not None
    return row


def a_point(
    step: int, name: str = "loss", split: Any = "train", target: str | None = None, value: float = 1.0
) -> Point:
    """A point at a step."""
    return Point(step, step / 10, split, target, name, value)


def checkpointed(
    parts: Parts,
    lease: Lease,
    kind: Any,
    step: int,
    average: float | None = None,
    content: bytes | None = None,
    **metrics: float,
) -> tuple[str, list[str]]:
    """Store and record a checkpoint; its key, and the keys that may be deleted."""
    file = Path(parts.settings.incoming_dir) / f"{kind}-{step}"
    file.write_bytes(content if content is not None else f"{lease.run_id} {kind} {step}".encode())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    blob = parts.storage.put(checkpoint_key(lease.run_id, kind, step, digest), file)
    file.unlink()
    saved = Saved(kind, step, file, blob.digest, blob.size_bytes, average, {"": {"mcc": average or 0.0} | metrics})
    return blob.key, record_checkpoint(parts, lease, saved, blob)
