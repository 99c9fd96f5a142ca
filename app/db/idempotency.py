"""Statements about idempotency keys."""

from sqlalchemy import Connection, delete, select

from app.db.dialect import insert, now
from app.db.jobs import Jobs, Row
from app.db.rows import first, only
from app.db.tables import idempotency
from app.db.tables.idempotency import KeyRow


def expire(tx: Connection, older_than_s: float) -> None:
    """Forget keys that were taken longer ago."""
    tx.execute(delete(idempotency).where(idempotency.c.created < now(tx) - older_than_s))


def claim(tx: Connection, key: str, fingerprint: str, jobs: Jobs[Row], job_id: str) -> KeyRow | None:
    """Take a key for a job that this transaction makes: None when it is ours now, else whose it is.

    A second claimant waits until the first one's transaction ends.
    """
    statement = insert(tx, idempotency).values(
        {"key": key, "fingerprint": fingerprint, "created": now(tx), f"{jobs.noun}_id": job_id}
    )
    statement = statement.on_conflict_do_nothing(index_elements=["key"])
    if first(tx, statement.returning(*idempotency.c), KeyRow):
        return None
    return only(tx, select(idempotency).where(idempotency.c.key == key), KeyRow)
