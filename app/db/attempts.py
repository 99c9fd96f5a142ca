"""Statements about attempts."""

from sqlalchemy import Connection, Update, func, insert, select, update

from app.db.dialect import now
from app.db.rows import every
from app.db.tables import attempts
from app.db.tables.attempts import AttemptRow


def add(tx: Connection, run_id: str, attempt: int, worker: str) -> None:
    """An attempt begins."""
    tx.execute(insert(attempts).values(run_id=run_id, attempt=attempt, worker=worker, started=now(tx)))


def resumed(tx: Connection, run_id: str, attempt: int, step: int) -> None:
    """An attempt goes on from a step."""
    tx.execute(_one(run_id, attempt).values(resumed_from_step=step))


def peaked(tx: Connection, run_id: str, attempt: int, peak_bytes: int) -> None:
    """The most memory that an attempt was seen with so far."""
    tx.execute(_one(run_id, attempt).values(peak_memory_bytes=peak_bytes))


def close(tx: Connection, run_id: str, attempt: int, reason: str) -> None:
    """An attempt ends."""
    tx.execute(_one(run_id, attempt).values(ended=now(tx), reason=reason))


def reason_of(tx: Connection, run_id: str, attempt: int) -> str | None:
    """Why an attempt ended; None while it lasts, or when there is none of this number."""
    query = select(attempts.c.reason).where(attempts.c.run_id == run_id, attempts.c.attempt == attempt)
    return tx.execute(query).scalar_one_or_none()


def counts(tx: Connection) -> dict[str | None, int]:
    """How many attempts there are by the reason that ended them; None: they go on."""
    query = select(attempts.c.reason, func.count().label("number")).group_by(attempts.c.reason)
    return {row.reason: row.number for row in tx.execute(query)}


def of_run(tx: Connection, run_id: str, after: int = 0, limit: int | None = None) -> list[AttemptRow]:
    """Attempts of a run in order, from beyond one of them."""
    query = select(attempts).where(attempts.c.run_id == run_id, attempts.c.attempt > after)
    return every(tx, query.order_by(attempts.c.attempt).limit(limit), AttemptRow)


def _one(run_id: str, attempt: int) -> Update:
    return update(attempts).where(attempts.c.run_id == run_id, attempts.c.attempt == attempt)
