"""A fresh database for one test: a SQLite file, or a database of its own in the PostgreSQL under test."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa


@contextmanager
def fresh_database(folder: Path) -> Iterator[str]:
    """Yields the URL of an empty database and removes it afterwards."""
    server = os.environ.get("OCTET_TEST_DATABASE_URL")
    if not server:
        yield f"sqlite:///{folder}/octet.db"
        return
    name = f"octet_test_{secrets.token_hex(6)}"
    _administer(server, f'CREATE DATABASE "{name}"')
    try:
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _administer(server: str, statement: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()
