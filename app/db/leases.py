"""Statements about leases: who may write a run, and until when. Every write of a leased run carries id and token."""

from typing import Any

from sqlalchemy import Connection, select, update

from app.db.dialect import now
from app.db.rows import every, first
from app.db.tables import runs
from app.db.tables.runs import RunRow


def granted(tx: Connection, token: str, worker: str, lease_s: float) -> dict[str, Any]:
    """What changes in a run when a lease on it is granted."""
    return {
        "lease_token": token,
        "lease_expires": now(tx) + lease_s,
        "counted_at": now(tx),
        "worker": worker,
        "attempt": runs.c.attempt + 1,
    }


def released(tx: Connection, *, counted: bool) -> dict[str, Any]:
    """What changes in a run when its lease ends; `counted` adds the time since the last heartbeat to its budget."""
    used = {"used_s": runs.c.used_s + (now(tx) - runs.c.counted_at)} if counted else {}
    return {"lease_token": None, "lease_expires": None, "counted_at": None, "worker": None, "eta_s": None, **used}


def held(tx: Connection, run_id: str, token: str) -> RunRow | None:
    """The run, locked, when the token still holds it; else None."""
    query = select(runs).where(runs.c.id == run_id, runs.c.lease_token == token).with_for_update()
    return first(tx, query, RunRow)


def renew(tx: Connection, run_id: str, token: str, lease_s: float) -> str | None:
    """Prolong a lease and count the time used; the run's status, or None when the token no longer holds it."""
    statement = update(runs).where(runs.c.id == run_id, runs.c.lease_token == token)
    statement = statement.values(
        lease_expires=now(tx) + lease_s,
        used_s=runs.c.used_s + (now(tx) - runs.c.counted_at),
        counted_at=now(tx),
        updated=now(tx),
    )
    return tx.execute(statement.returning(runs.c.status)).scalar()


def write(tx: Connection, run_id: str, token: str, values: dict[str, Any]) -> bool:
    """Change a run under its lease; False when the token no longer holds it."""
    statement = update(runs).where(runs.c.id == run_id, runs.c.lease_token == token)
    return tx.execute(statement.values(updated=now(tx), **values).returning(runs.c.seq)).first() is not None


def expired(tx: Connection) -> list[RunRow]:
    """Runs whose lease ran out by the database's clock, locked; those that another reaper holds are left to it."""
    query = select(runs).where(runs.c.lease_expires < now(tx)).order_by(runs.c.seq)
    return every(tx, query.with_for_update(skip_locked=True), RunRow)
