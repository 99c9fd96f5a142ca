import errno
import os
import socket
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import literal_column, make_url, select, text
from sqlalchemy.exc import IntegrityError

from app.db import datasets, jobs, runs
from app.db.dialect import now
from app.db.engine import Database
from app.db.trouble import DatabaseAway
from app.parts import open_parts
from app.settings import Settings
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
            jobs.move(tx, jobs.RUNS, run, "running", {}, ended=False)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert row_of(parts, run.id).status == "queued"


def test_a_reader_is_not_kept_waiting_by_a_writer(parts):
    run = a_run(parts)
    with parts.db.transaction() as tx:
        jobs.move(tx, jobs.RUNS, run, "running", {}, ended=False)
        assert row_of(parts, run.id).status == "queued"


def test_a_reading_sees_one_moment_whatever_is_committed_meanwhile(parts):
    run = a_run(parts)
    with parts.db.reading() as tx:
        before = runs.get(tx, run.id)
        with parts.db.transaction() as writing:
            jobs.move(writing, jobs.RUNS, run, "running", {}, ended=False)
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
        "import sys; from app.db.engine import Database; from app.db import jobs, runs\n"
        "db = Database(sys.argv[1])\n"
        "for _ in range(25):\n"
        "    with db.transaction() as tx:\n"
        "        run = runs.lock(tx, sys.argv[2])\n"
        "        jobs.move(tx, jobs.RUNS, run, 'queued', {'step': run.step + 1}, ended=False)\n"
        "db.close()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, database_url, run.id])

    def work():
        for _ in range(25):
            with parts.db.transaction() as tx:
                seen = runs.lock(tx, run.id)
                assert jobs.move(tx, jobs.RUNS, seen, "queued", {"step": seen.step + 1}, ended=False)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert other.wait(120) == 0
    assert row_of(parts, run.id).step == 9 * 25


def test_an_id_wins_over_a_name_that_looks_like_it(parts):
    first = a_dataset(parts, "one")
    a_dataset(parts, first.id)
    with parts.db.reading() as tx:
        assert datasets.find(tx, first.id).name == "one"


def test_a_server_that_takes_connections_and_never_answers_counts_as_away():
    failed = []

    def ask(url):
        db = Database(url, silence_s=2.0)
        try:
            db.ping()
        except DatabaseAway as error:
            failed.append(error)
        finally:
            db.close()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        asking = threading.Thread(target=ask, args=(f"postgresql+psycopg://x@127.0.0.1:{silent.getsockname()[1]}/x",))
        asking.start()
        asking.join(60)
        assert failed, "it still waits"
    asking.join(60)


def test_a_connection_into_nowhere_ends_before_a_lease_does(database_url, tmp_path, on_services):
    """The kernel's own limit is hours. SQLite has no connection."""
    if not on_services:
        return
    parts = open_parts(Settings(data_dir=tmp_path, database_url=database_url, broker_url="redis://localhost"))
    with parts.db.reading() as tx, socket.socket(fileno=os.dup(tx.connection.dbapi_connection.fileno())) as line:
        unanswered_s = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) / 1000
        silent_s = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) + line.getsockopt(
            socket.IPPROTO_TCP, socket.TCP_KEEPINTVL
        ) * line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    parts.close()
    clocks = parts.settings.clocks
    assert 0 < clocks.heartbeat_s + 2 * unanswered_s < clocks.lease_s
    assert clocks.heartbeat_s + silent_s < clocks.lease_s


def test_a_limit_that_the_url_names_is_left_as_it_is(database_url, on_services):
    if not on_services:
        return
    db = Database(make_url(database_url).update_query_dict({"tcp_user_timeout": "77000"}).render_as_string(False))
    with db.reading() as tx, socket.socket(fileno=os.dup(tx.connection.dbapi_connection.fileno())) as line:
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 77_000
    db.close()


def test_a_database_that_is_not_there_does_not_answer_a_ping(tmp_path):
    db = Database(f"sqlite:///{tmp_path}/no/such/folder/octet.db")
    with pytest.raises(Exception, match="unable to open"):
        db.ping()
    db.close()


def test_a_full_disk_of_the_database_is_the_systems_error_whatever_the_driver_says(parts, on_services):
    """SQLite says it of a file that may not grow, PostgreSQL by a code that it may be told to use."""
    statements = ["PRAGMA max_page_count = 1", "CREATE TABLE heavy AS SELECT zeroblob(1000000)"]
    if on_services:
        statements = ["DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$"]

    def fill():
        with parts.db.transaction() as tx:
            for statement in statements:
                tx.execute(text(statement))

    with pytest.raises(OSError, match="the disk of the database is full") as full:
        fill()
    assert full.value.errno == errno.ENOSPC
