"""Statements about runs. What they share with predictions is in jobs.py, who may write a leased one in leases.py."""

from typing import Any

from sqlalchemy import Connection, delete, func, select

from app.db.dialect import insert, now
from app.db.rows import every, first, only
from app.db.tables import runs
from app.db.tables.runs import RunRow

_UNFINISHED = ("queued", "running", "pausing", "paused", "cancelling")


def add(tx: Connection, values: dict[str, Any]) -> RunRow:
    """Insert a queued run; it counts as announced from now on."""
    fresh = {
        "status": "queued",
        "used_s": 0.0,
        "step": 0,
        "epoch": 0.0,
        "last_cursor": 0,
        "saved_step": 0,
        "attempt": 0,
        "failures": 0,
        "created": now(tx),
        "updated": now(tx),
        "announced_at": now(tx),
    }
    return only(tx, insert(tx, runs).values(fresh | values).returning(*runs.c), RunRow)


def get(tx: Connection, run_id: str) -> RunRow | None:
    """A run by its id."""
    return first(tx, select(runs).where(runs.c.id == run_id), RunRow)


def position(tx: Connection, run_id: str) -> tuple[int, str] | None:
    """Last cursor and status of a run: what every poll asks, without the run's config and the rest."""
    found = tx.execute(select(runs.c.last_cursor, runs.c.status).where(runs.c.id == run_id)).first()
    return None if found is None else (found.last_cursor, found.status)


def lock(tx: Connection, run_id: str) -> RunRow | None:
    """A run by its id; nobody else can change it until the transaction ends."""
    return first(tx, select(runs).where(runs.c.id == run_id).with_for_update(), RunRow)


def remove(tx: Connection, run_id: str) -> None:
    """Delete one run; points, events, attempts, checkpoints and keys go with it."""
    tx.execute(delete(runs).where(runs.c.id == run_id))


def page(
    tx: Connection, *, before: int | None, limit: int, status: str | None, name: str | None, dataset: str | None
) -> list[RunRow]:
    """Newest first, from below a cursor; `dataset` is a name or an id."""
    query = select(runs).order_by(runs.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(runs.c.seq < before)
    if status is not None:
        query = query.where(runs.c.status == status)
    if name is not None:
        query = query.where(runs.c.name == name)
    if dataset is not None:
        query = query.where((runs.c.dataset_id == dataset) | (runs.c.dataset_name == dataset))
    return every(tx, query, RunRow)


def newest_succeeded(tx: Connection, name: str | None) -> RunRow | None:
    """The run that ended well last, of a name or of all."""
    query = select(runs).where(runs.c.status == "succeeded", runs.c.best.is_not(None))
    if name is not None:
        query = query.where(runs.c.name == name)
    return first(tx, query.order_by(runs.c.ended.desc(), runs.c.seq.desc()).limit(1), RunRow)


def succeeded_names(tx: Connection, limit: int) -> list[str]:
    """Names of runs that ended well, the newest first, each once."""
    newest = func.max(runs.c.seq)
    query = select(runs.c.name).where(runs.c.status == "succeeded").group_by(runs.c.name).order_by(newest.desc())
    return list(tx.execute(query.limit(limit)).scalars())


def newest_ids(tx: Connection, limit: int) -> list[str]:
    """Ids of the newest runs."""
    return list(tx.execute(select(runs.c.id).order_by(runs.c.seq.desc()).limit(limit)).scalars())


def measured(tx: Connection, workload: str, steps: int) -> RunRow | None:
    """The newest run of a workload that did so many steps at least and lost no time to a resume."""
    query = select(runs).where(runs.c.workload == workload, runs.c.status == "succeeded", runs.c.attempt == 1)
    query = query.where(runs.c.step >= steps)
    return first(tx, query.order_by(runs.c.seq.desc()).limit(1), RunRow)


def newest_plan(tx: Connection, workload: str) -> dict[str, Any] | None:
    """The newest plan of a workload that was measured on its device, however far its run came."""
    query = select(runs.c.plan).where(runs.c.workload == workload, runs.c.plan.is_not(None))
    plans = tx.execute(query.order_by(runs.c.seq.desc()).limit(20)).scalars()
    return next((plan for plan in plans if plan.get("measured")), None)


def users_of_dataset(tx: Connection, dataset_id: str) -> list[str]:
    """Ids of the runs that may still read a data set."""
    query = select(runs.c.id).where(runs.c.dataset_id == dataset_id, runs.c.status.in_(_UNFINISHED))
    return list(tx.execute(query).scalars())
