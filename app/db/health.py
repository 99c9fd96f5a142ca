"""What the doctor asks of a database: who it is, whether its tables fit, and what time it has. Changes nothing."""

import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url, select, text

from app.db.dialect import now
from app.db.engine import Database, WrongRevision

_WAL = b"\x02\x02"
"""Bytes 18 and 19 of a SQLite file whose journal is a write-ahead log (its file format, section 1.3)."""


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """clock_s: how far its clock is before this machine's, within round_trip_s. wrong_tables: why they do not fit."""

    server: str
    wrong_tables: str | None
    clock_s: float
    round_trip_s: float


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite database; None for a server."""
    address = make_url(url)
    return Path(address.database or "") if address.get_backend_name() == "sqlite" else None


def writes_ahead(file: Path) -> bool:
    """Whether a SQLite file has a write-ahead log. Read from its header: opening it would change that."""
    with file.open("rb") as read:
        return read.read(20)[18:20] == _WAL


def facts(url: str, silence_s: float) -> DatabaseFacts:
    """Ask the database; a SQLite file must be there. Raises what its driver raises."""
    database = Database(url, silence_s=silence_s)
    try:
        with database.reading() as tx:
            on_file = tx.dialect.name == "sqlite"
            version = tx.execute(text("SELECT sqlite_version()" if on_file else "SHOW server_version")).scalar_one()
            began = time.time()
            clock = float(tx.execute(select(now(tx))).scalar_one())
            ended = time.time()
        return DatabaseFacts(
            server=f"{'SQLite' if on_file else 'PostgreSQL'} {version}",
            wrong_tables=_wrong_tables(database),
            clock_s=clock - (began + ended) / 2,
            round_trip_s=ended - began,
        )
    finally:
        database.close()


def _wrong_tables(database: Database) -> str | None:
    try:
        database.check_revision()
    except WrongRevision as error:
        return error.detail
    return None
