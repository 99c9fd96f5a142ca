"""Statements about leases: who may write a job, and until when. Every write of a leased job carries id and token."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select, update

from app.db.dialect import now
from app.db.jobs import Jobs, Row
from app.db.rows import every, first


def granted(tx: Connection, jobs: Jobs[Row], token: str, worker: str, lease_s: float) -> dict[str, Any]:
    """What changes in a job when a lease on it is granted."""
    return {
        "lease_token": token,
        "lease_expires": now(tx) + lease_s,
        "counted_at": now(tx),
        "worker": worker,
        "attempt": jobs.table.c.attempt + 1,
    }


def released(tx: Connection, jobs: Jobs[Row], *, counted: bool) -> dict[str, Any]:
    """What changes in a job when its lease ends; `counted` adds the time since the last heartbeat to what it used."""
    table = jobs.table
    used = {"used_s": table.c.used_s + _uncounted(tx, jobs)} if counted else {}
    return {"lease_token": None, "lease_expires": None, "counted_at": None, "worker": None, "eta_s": None, **used}


def held(tx: Connection, jobs: Jobs[Row], job_id: str, token: str) -> Row | None:
    """The job, locked, when the token still holds it; else None."""
    table = jobs.table
    query = select(table).where(table.c.id == job_id, table.c.lease_token == token).with_for_update()
    return first(tx, query, jobs.row)


def renew(tx: Connection, jobs: Jobs[Row], job_id: str, token: str, lease_s: float) -> str | None:
    """Prolong a lease and count the time used; the job's status, or None when the token no longer holds it."""
    table = jobs.table
    statement = update(table).where(table.c.id == job_id, table.c.lease_token == token)
    statement = statement.values(
        lease_expires=now(tx) + lease_s,
        used_s=table.c.used_s + _uncounted(tx, jobs),
        counted_at=now(tx),
        updated=now(tx),
    )
    return tx.execute(statement.returning(table.c.status)).scalar()


def write(tx: Connection, jobs: Jobs[Row], job_id: str, token: str, values: dict[str, Any]) -> bool:
    """Change a job under its lease; False when the token no longer holds it."""
    table = jobs.table
    statement = update(table).where(table.c.id == job_id, table.c.lease_token == token)
    return tx.execute(statement.values(updated=now(tx), **values).returning(table.c.seq)).first() is not None


def pulse(tx: Connection, jobs: Jobs[Row]) -> tuple[int, float]:
    """How many leases are held, and how long ago the oldest heartbeat of one was; 0 when none is held."""
    table = jobs.table
    held_ones = table.c.lease_expires > 0  # "is not null" would not go along the index on SQLite
    query = select(func.count(), now(tx) - func.min(table.c.counted_at)).where(held_ones)
    held_now, age_s = tx.execute(query).one()
    return held_now, max(0.0, age_s or 0.0)


def redate(tx: Connection, jobs: Jobs[Row]) -> None:
    """Let leases that begin in the future begin now: the clock was set back.

    A worker that lives renews its lease by the new clock anyway; the lease of one that does not would outlive it by as
    much as the clock was set back.
    """
    table = jobs.table
    ahead = update(table).where(table.c.counted_at > now(tx))
    lasts_s = table.c.lease_expires - table.c.counted_at
    tx.execute(ahead.values(lease_expires=now(tx) + lasts_s, counted_at=now(tx)))


def expired(tx: Connection, jobs: Jobs[Row]) -> list[Row]:
    """Jobs whose lease ran out by the database's clock, locked; those that another reaper holds are left to it."""
    table = jobs.table
    query = select(table).where(table.c.lease_expires < now(tx)).order_by(table.c.seq)
    return every(tx, query.with_for_update(skip_locked=True), jobs.row)


def _uncounted(tx: Connection, jobs: Jobs[Row]) -> ColumnElement[float]:
    """Seconds since the last heartbeat: never more than the lease lasts, nor less than none, whatever the clock did."""
    table = jobs.table
    since = now(tx) - table.c.counted_at
    lasts = table.c.lease_expires - table.c.counted_at
    return case((since < 0.0, 0.0), (since > lasts, lasts), else_=since)
