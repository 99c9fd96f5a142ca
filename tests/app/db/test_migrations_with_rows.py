"""Migrations up and down with rows in every table: what both revisions can hold is the same afterwards."""

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from app.db.engine import Database, migration_config

pytestmark = pytest.mark.services
MADE_ONE = ("run_id", "prediction_id")
"""Of these an idempotency key has exactly one."""


def revisions():
    """All, the oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(migration_config()).walk_revisions()][::-1]


def go(db, way, revision):
    config = migration_config()
    with db.transaction() as tx:
        config.attributes["connection"] = tx
        way(config, revision)


def tables_in(tx):
    """As they are now, whatever the code knows, in the order of their foreign keys."""
    found = sa.MetaData()
    found.reflect(tx)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def value(column, number):
    """A value of a row. Rows of one number refer to each other."""
    for key in column.foreign_keys:
        return value(key.column, number)
    if isinstance(column.type, sa.Integer):
        return 2**40 + number if isinstance(column.type, sa.BigInteger) else number
    if isinstance(column.type, sa.Float):
        return number + 0.1
    if isinstance(column.type, sa.JSON):
        return {"a": [number, None, "ü"]}
    return f"{number}{column.name}"[: column.type.length or 40]


def empty(table, column, number):
    """Even rows have no value wherever they need none; keys of even rows made runs, those of odd rows predictions."""
    if table.name == "idempotency" and column.name in MADE_ONE:
        return len({*MADE_ONE} & {*table.columns.keys()}) == 2 and column.name != MADE_ONE[number % 2]
    return column.nullable and number % 2 == 0


def fill(db, first):
    """Two more rows into every table."""
    with db.transaction() as tx:
        for number in (first, first + 1):
            for table in tables_in(tx):
                values = {c.name: sa.null() if empty(table, c, number) else value(c, number) for c in table.columns}
                tx.execute(table.insert().values(values))


def rows(db):
    """All rows by table, each as column to value."""
    with db.reading() as tx:
        found = {table.name: [dict(row._mapping) for row in tx.execute(table.select())] for table in tables_in(tx)}
    return {name: sorted(held, key=str) for name, held in found.items()}


def seen_by(held, columns):
    """Rows as a revision with these columns holds them: without those of keys that it has no place for."""
    shown = {name: [{c: row[c] for c in columns[name]} for row in held[name]] for name in columns}
    if MADE_ONE[1] not in columns["idempotency"]:
        shown["idempotency"] = [row for row in shown["idempotency"] if row["run_id"] is not None]
    return {name: sorted(found, key=str) for name, found in shown.items()}


def test_rows_of_every_revision_go_up_down_and_up_again_and_are_the_same(database_url):
    db, columns = Database(database_url), {}
    for number, revision in enumerate(revisions()):
        before = rows(db)
        go(db, command.upgrade, revision)
        with db.reading() as tx:
            columns[revision] = {table.name: table.columns.keys() for table in tables_in(tx)}
        if before:
            assert seen_by(rows(db), {name: list(before[name][0]) for name in before}) == before
        fill(db, 10 * number + 10)
    newest = rows(db)
    assert all(len(held) == 2 * sum(name in columns[r] for r in columns) for name, held in newest.items())

    *earlier, last = revisions()
    for revision in reversed(earlier):
        go(db, command.downgrade, revision)
        assert rows(db) == seen_by(newest, columns[revision])
    oldest = rows(db)
    for revision in [*earlier[1:], last]:
        go(db, command.upgrade, revision)
        assert seen_by(rows(db), columns[earlier[0]]) == oldest
    db.close()
