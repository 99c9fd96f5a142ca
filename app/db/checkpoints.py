"""Statements about checkpoints. Writers hold the run's row."""

import math
from typing import Any

from sqlalchemy import Connection, Select, delete, select

from app.db.dialect import insert, now
from app.db.rows import every, first, only
from app.db.tables import checkpoints, registry_versions
from app.db.tables.checkpoints import CheckpointRow


def put(tx: Connection, values: dict[str, Any]) -> CheckpointRow:
    """Record a checkpoint; one of the same run, kind and step gives way."""
    statement = insert(tx, checkpoints).values(created=now(tx), **values)
    keys = ("run_id", "kind", "step")
    changes = {name: statement.excluded[name] for name in (*values, "created") if name not in keys}
    statement = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    return only(tx, statement.returning(*checkpoints.c), CheckpointRow)


def get(tx: Connection, run_id: str, kind: str, step: int) -> CheckpointRow | None:
    """One checkpoint."""
    query = select(checkpoints).where(
        checkpoints.c.run_id == run_id, checkpoints.c.kind == kind, checkpoints.c.step == step
    )
    return first(tx, query, CheckpointRow)


def best(tx: Connection, run_id: str) -> list[CheckpointRow]:
    """The served checkpoints of a run, the best first: by average, at a tie by validation loss, then by step."""
    return sorted(every(tx, _of_kind(run_id, "best"), CheckpointRow), key=_rank)


def resumes(tx: Connection, run_id: str) -> list[CheckpointRow]:
    """What a run can go on from, the newest first."""
    return every(tx, _of_kind(run_id, "resume").order_by(checkpoints.c.step.desc()), CheckpointRow)


def of_run(tx: Connection, run_id: str) -> list[CheckpointRow]:
    """All checkpoints of a run by step."""
    query = select(checkpoints).where(checkpoints.c.run_id == run_id)
    return every(tx, query.order_by(checkpoints.c.step, checkpoints.c.kind), CheckpointRow)


def registered(tx: Connection, run_id: str) -> set[tuple[str, int]]:
    """(kind, step) of the checkpoints of a run that the registry refers to."""
    query = select(registry_versions.c.kind, registry_versions.c.step).where(registry_versions.c.run_id == run_id)
    return {(kind, step) for kind, step in tx.execute(query)}


def remove(tx: Connection, row: CheckpointRow) -> None:
    """Forget one checkpoint."""
    tx.execute(
        delete(checkpoints).where(
            checkpoints.c.run_id == row.run_id, checkpoints.c.kind == row.kind, checkpoints.c.step == row.step
        )
    )


def _rank(row: CheckpointRow) -> tuple[float, float, int]:
    """Small for a good one. A row of no average stands behind all, one of no loss behind its equals."""
    loss = row.metrics.get("", {}).get("loss", math.inf)
    return (math.inf if row.average is None else -row.average, loss, row.step)


def _of_kind(run_id: str, kind: str) -> Select[Any]:
    return select(checkpoints).where(checkpoints.c.run_id == run_id, checkpoints.c.kind == kind)
