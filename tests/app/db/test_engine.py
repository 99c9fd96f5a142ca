import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import literal_column, select, text
from sqlalchemy.exc import IntegrityError

from app.db import datasets, runs
from app.db.dialect import now
from app.db.engine import Database
from tests.support.parts import opened_parts
from tests.support.runs import a_dataset, a_run, row_of


@pytest.fixture
def parts(tmp_path, database_url):
    with opened_parts(tmp_path, database_url) as opened:
        yield opened


def test_an_exception_rolls_the_whole_transaction_back(parts):
    run = a_run(parts)

    def fails():
        with parts.db.transaction() as tx:
            runs.move(tx, run, "running", {}, ended=False)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert row_of(parts, run.id).status == "queued"


def test_a_reader_is_not_kept_waiting_by_a_writer(parts):
    run = a_run(parts)
    with parts.db.transaction() as tx:
        runs.move(tx, run, "running", {}, ended=False)
        assert row_of(parts, run.id).status == "queued"


def test_a_reading_sees_one_moment_whatever_is_committed_meanwhile(parts):
    run = a_run(parts)
    with parts.db.reading() as tx:
        before = runs.get(tx, run.id)
        with parts.db.transaction() as writing:
            runs.move(writing, run, "running", {}, ended=False)
        assert runs.get(tx, run.id) == before
    assert row_of(parts, run.id).status == "running"


def test_the_database_clock_is_unix_time_and_has_fractions(parts):
    with parts.db.reading() as tx:
        seen = [tx.execute(select(now(tx))).scalar_one() for _ in range(50)]
    assert abs(seen[-1] - time.time()) < 5
    assert any(value % 1 for value in seen)


def test_foreign_keys_hold(parts):
    with pytest.raises(IntegrityError), parts.db.transaction() as tx:
        tx.execute(text("INSERT INTO events (run_id, kind, data, time) VALUES ('nosuch', 'x', '{}', 0)"))


def test_sqlite_is_set_up_for_many_processes(parts, on_services):
    if on_services:
        return
    with parts.db.reading() as tx:
        settings = {
            name: tx.execute(select(literal_column(name)).select_from(text(f"pragma_{name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        timeout = tx.execute(text("PRAGMA busy_timeout")).scalar_one()
    assert settings == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1}
    assert timeout == 10_000


def test_eight_threads_and_a_process_that_write_at_once_lose_nothing(parts, database_url):
    """Read-then-write transactions of a deferred kind would fail here with SQLITE_BUSY."""
    run = a_run(parts)
    code = (
        "import sys; from app.db.engine import Database; from app.db import runs\n"
        "db = Database(sys.argv[1])\n"
        "for _ in range(25):\n"
        "    with db.transaction() as tx:\n"
        "        run = runs.lock(tx, sys.argv[2])\n"
        "        runs.move(tx, run, 'queued', {'step': run.step + 1}, ended=False)\n"
        "db.close()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, database_url, run.id])

    def work():
        for _ in range(25):
            with parts.db.transaction() as tx:
                seen = runs.lock(tx, run.id)
                assert runs.move(tx, seen, "queued", {"step": seen.step + 1}, ended=False)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert other.wait(50) == 0
    assert row_of(parts, run.id).step == 9 * 25


def test_an_id_wins_over_a_name_that_looks_like_it(parts):
    first = a_dataset(parts, "one")
    a_dataset(parts, first.id)
    with parts.db.reading() as tx:
        assert datasets.find(tx, first.id).name == "one"


def test_a_database_that_is_not_there_does_not_answer_a_ping(tmp_path):
    db = Database(f"sqlite:///{tmp_path}/no/such/folder/octet.db")
    with pytest.raises(Exception, match="unable to open"):
        db.ping()
    db.close()
