"""What a database in trouble means: it is locked, it is away, or its disk is full. Anything else is a fault of ours."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import Busy, Example

COME_BACK_S = 2.0
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
_AWAY_CLASSES = ("08", "57P", "25P03")
"""Of PostgreSQL's states: no connection, shut down, or not up yet; ended, because this process stood still in it."""
_LOCKED_STATES = {"55P03", "40P01", "40001"}
_FULL_STATES = {"53100"}
_TOO_MANY_STATES = {"53300"}


class DatabaseLocked(Busy):
    """Something else held a lock on the database for longer than a request waits."""

    rule = "database-locked"
    title = "The database is locked"
    mend = (
        "Send the same request again after the seconds of Retry-After. If it goes on, end what holds the lock: a "
        "backup, an open transaction of another program."
    )
    example = Example("another program holds a lock on the database; nothing was changed, send the request again")


class DatabaseAway(Busy):
    """The database does not answer: it is stopped, starts just now, or has no connection left."""

    rule = "database-away"
    title = "The database does not answer"
    mend = "Send the same request again after the seconds of Retry-After. If it goes on, start the database."
    example = Example("the database does not answer; send the request again, with its Idempotency-Key where it had one")


@contextmanager
def in_our_words() -> Iterator[None]:
    """Raises DatabaseLocked, DatabaseAway and OSError (ENOSPC) in place of what the driver calls them."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        meant = _meaning(error)
        if meant is None:
            raise
        raise meant from error


def is_full(error: BaseException | None) -> bool:
    """SQLite: the file, or the index of its log, could not grow. PostgreSQL: disk_full."""
    on_file = getattr(error, "sqlite_errorcode", None) in _FULL
    return on_file or getattr(error, "sqlstate", None) in _FULL_STATES


def _meaning(error: DBAPIError | PoolTimeout) -> Exception | None:
    if isinstance(error, PoolTimeout):
        return DatabaseLocked("every connection to the database is in use; send the request again", COME_BACK_S)
    if isinstance(error.orig, sqlite3.Error):
        locked, away = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _LOCKED, False
    else:
        state = getattr(error.orig, "sqlstate", None) or ""
        locked = state in _LOCKED_STATES
        unreachable = isinstance(error, OperationalError) and not state
        away = error.connection_invalidated or unreachable or state.startswith(_AWAY_CLASSES)
        away = away or state in _TOO_MANY_STATES
    if is_full(error.orig):
        return OSError(errno.ENOSPC, "the disk of the database is full")
    if locked:
        return DatabaseLocked(DatabaseLocked.example.detail, COME_BACK_S)
    return DatabaseAway(DatabaseAway.example.detail, COME_BACK_S) if away else None
