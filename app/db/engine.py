"""The door to the database: transactions that behave alike on SQLite and PostgreSQL, and migrations."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Connection,
    Engine,
    column,
    create_engine,
    event,
    inspect,
    literal_column,
    make_url,
    select,
    table,
)
from sqlalchemy.pool import ConnectionPoolEntry

import migrations
from app.db.dialect import hold
from app.db.trouble import in_our_words, is_full
from app.errors import Busy, Example

Transaction: TypeAlias = Connection
"""What statement functions take first; use cases hand it on and know nothing else of it."""

DEFAULT_SILENCE_S = 4.0
DEFAULT_IDLE_S = 15.0
"""More than a lease lasts by default: whose process stood still for so long has lost it."""
_BUSY_TIMEOUT_MS = 10_000
_PROBES = 3
_WRITES, _PATIENT = "octet_writes", "octet_patient"
_REVISION = table("alembic_version", column("version_num"))  # Alembic's own table


class WrongRevision(Busy):
    """The tables are not those that this version of the code works with."""

    rule = "wrong-revision"
    title = "The tables are of another version"
    mend = "Run `octet migrate` with the settings of the service."
    example = Example("the tables are of revision 0001, this version needs 0002; run: octet migrate")


class Database:
    """One database and its pool of connections; safe to use from many threads, opened anew in every process.

    silence_s: a server whose machine is not heard of for so long counts as away, and what waits for it fails.
    idle_s: a PostgreSQL ends a writing transaction whose process says nothing for so long, so that no row stays locked
    by a process that is stopped, or a machine that is gone: the reaper passes over locked runs.
    """

    def __init__(self, url: str, *, silence_s: float = DEFAULT_SILENCE_S, idle_s: float = DEFAULT_IDLE_S) -> None:
        on_file = make_url(url).get_backend_name() == "sqlite"
        self._engine = _open_sqlite(url) if on_file else _open_server(url, silence_s, idle_s)
        self._writer = self._engine.execution_options(**{_WRITES: True})
        self._patient = self._engine.execution_options(**{_WRITES: True, _PATIENT: True})
        self._reader = self._engine
        if self._engine.dialect.name == "postgresql":
            # as on SQLite: every statement of a reading sees the same moment
            self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def transaction(self, *, with_files: bool = False) -> Iterator[Connection]:
        """A writing transaction: committed at the end of the block, rolled back by any exception.

        On SQLite it takes the write lock at once (a deferred one would fail as soon as another writer was faster).
        with_files: files are moved or deleted inside it, which may take long. Raises DatabaseLocked, DatabaseAway,
        OSError (ENOSPC), as `reading` does.
        """
        with in_our_words(), (self._patient if with_files else self._writer).begin() as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, all of it from one moment; blocks nobody."""
        with in_our_words(), self._reader.connect() as tx:
            yield tx

    def ping(self) -> None:
        """Ask the database for one number. Raises DatabaseAway when it does not answer."""
        with self.reading() as tx:
            tx.execute(select(literal_column("1")))

    def check_revision(self) -> None:
        """Raises WrongRevision when the tables are not those of this code, and what `ping` raises."""
        with self.reading() as tx:
            known = inspect(tx).has_table(_REVISION.name)
            found = tx.scalar(select(_REVISION.c.version_num)) if known else None
        if found != newest_revision():
            needs = f"this version needs {newest_revision()}; `octet migrate` brings them there"
            detail = f"at revision {found or 'none'}, {needs}"
            raise WrongRevision(detail, retry_after_s=1)

    def migrate(self, revision: Literal["head", "base"] = "head") -> None:
        """Bring the tables to the newest revision, or back to nothing ("base"), in one transaction.

        Processes that start together do it in turn.
        """
        config = migration_config()
        with self.transaction() as tx:
            hold(tx, "migrate")
            config.attributes["connection"] = tx
            (command.downgrade if revision == "base" else command.upgrade)(config, revision)

    def snapshot(self, file: Path) -> None:
        """Write all of a SQLite database, as it is at one moment, to a new file; nobody waits for it meanwhile.

        Raises OSError.
        """
        with closing(self._engine.raw_connection()) as connection:  # SQLAlchemy's would begin a transaction
            assert connection.driver_connection is not None
            try:
                connection.driver_connection.execute("VACUUM INTO ?", (str(file),)).close()
            except sqlite3.Error as error:
                number = errno.ENOSPC if is_full(error) else errno.EIO
                raise OSError(number, f"the database cannot be copied: {error}", str(file)) from error

    def close(self) -> None:
        """Close all connections of the pool."""
        self._engine.dispose()


def migration_config() -> Config:
    """Alembic's configuration, without an ini file: the scripts lie in the package `migrations`."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    return config


@cache
def newest_revision() -> str | None:
    """The revision that this version of the code works with."""
    return ScriptDirectory.from_config(migration_config()).get_current_head()


def _open_sqlite(url: str) -> Engine:
    engine = create_engine(url, pool_size=8, max_overflow=56, pool_timeout=30)

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `begin` below does
        for pragma in (
            f"busy_timeout = {_BUSY_TIMEOUT_MS}",
            "journal_mode = WAL",  # readers are not blocked by the writer
            "synchronous = NORMAL",  # with WAL: a power cut may lose the last commits, but never breaks the file
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _open_server(url: str, silence_s: float, idle_s: float) -> Engine:
    options: dict[str, Any] = {"pool_size": 8, "max_overflow": 56, "pool_timeout": 30, "pool_pre_ping": True}
    asked = make_url(url).query  # who writes one of these into the URL knows better
    limits = {name: value for name, value in _limits(silence_s).items() if name not in asked}
    engine = create_engine(url, connect_args=limits, **options)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        told = connection.get_execution_options()
        if engine.dialect.name == "postgresql" and told.get(_WRITES, False) and not told.get(_PATIENT, False):
            # not among libpq's options: poolers before a PostgreSQL refuse those
            connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {int(idle_s * 1000)}")

    return engine


def _limits(silence_s: float) -> dict[str, int]:
    """libpq's limits by which a connection into nowhere ends in an error instead of hanging for the kernel's two hours.

    Sent and never acknowledged: tcp_user_timeout. Waiting for an answer from a machine that is gone: keepalives, the
    first after half of the time, the others in the rest. Each is whole seconds and 1 at least, connecting 2.
    """
    pause_s = max(1, int(silence_s / 2 / _PROBES))
    return {
        "connect_timeout": max(2, int(silence_s)),
        "tcp_user_timeout": int(silence_s * 1000),
        "keepalives": 1,
        "keepalives_idle": max(1, int(silence_s / 2)),
        "keepalives_interval": pause_s,
        "keepalives_count": _PROBES,
    }
