"""What SQLite and PostgreSQL say differently: the clock, inserts that may conflict, locks by name."""

import zlib

from sqlalchemy import ColumnElement, Connection, Double, Table, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

_CLOCKS = {
    # 2440587.5 is the Julian day of 1970-01-01; SQLite before 3.42 has no fraction of a second in unixepoch()
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)",
}


def now(tx: Connection) -> ColumnElement[float]:
    """The database's own clock in Unix seconds. Leases count by it alone: machines differ, the database is one."""
    return literal_column(_CLOCKS[tx.dialect.name], Double())


def insert(tx: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows on_conflict_do_nothing and on_conflict_do_update."""
    return sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)


def hold(tx: Connection, name: str) -> None:
    """Keep every other holder of this name waiting until the transaction ends.

    A writing transaction on SQLite is alone already.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(zlib.crc32(name.encode()))))
