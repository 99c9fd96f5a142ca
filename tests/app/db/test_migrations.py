import threading

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from app.db import idempotency
from app.db.engine import Database, migration_config
from app.db.jobs import RUNS
from app.db.tables import metadata
from tests.support.parts import opened_parts
from tests.support.runs import a_run

pytestmark = pytest.mark.services


def _tables(db):
    with db.reading() as tx:
        return set(inspect(tx).get_table_names())


def test_the_tables_are_what_the_migrations_make(database_url):
    db = Database(database_url)
    db.migrate()
    with db.reading() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": True})
        difference = compare_metadata(context, metadata)
    db.close()
    assert difference == []


def test_migrations_go_backwards_to_nothing_and_forwards_again(database_url):
    db = Database(database_url)
    db.migrate()
    assert set(metadata.tables) <= _tables(db)
    db.migrate("base")
    assert _tables(db) == {"alembic_version"}
    db.migrate()
    assert set(metadata.tables) <= _tables(db)
    db.close()


def test_keys_of_runs_outlive_the_coming_and_going_of_predictions(tmp_path, database_url):
    with opened_parts(tmp_path, database_url) as parts:
        run, config = a_run(parts), migration_config()

        def go(way, revision):
            with parts.db.transaction() as tx:
                config.attributes["connection"] = tx
                way(config, revision)

        with parts.db.transaction() as tx:
            idempotency.claim(tx, "a key", "f" * 64, RUNS, run.id)
        go(command.downgrade, "0002")
        with parts.db.transaction() as tx:
            assert "predictions" not in inspect(tx).get_table_names()
        go(command.upgrade, "head")
        with parts.db.transaction() as tx:
            assert idempotency.claim(tx, "a key", "f" * 64, RUNS, run.id).run_id == run.id


def test_processes_that_start_together_migrate_once(database_url):
    failures = []

    def start():
        db = Database(database_url)
        try:
            db.migrate()
        except Exception as error:
            failures.append(error)
        finally:
            db.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
