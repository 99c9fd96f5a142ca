"""`octet doctor`: what it finds on a sound machine, on a broken one, and on one that does not answer."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.broker import Queue
from app.db.engine import Database
from app.doctor.broker import look_at_broker
from app.doctor.database import look_at_database
from app.doctor.findings import Finding, examine
from app.doctor.machine import look_at_port
from app.doctor.remote import look_at_service
from app.doctor.storage import look_at_storage
from app.settings import HttpSettings, LimitSettings, Settings
from octet import Client
from tests.support.behind import parts_of
from tests.support.service import Service, wait_for


def doctor(*arguments: str, **settings: str) -> tuple[int, dict[str, dict[str, str]], str]:
    """Exit code, findings by their check, and what stood on stderr."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OCTET_")}
    octet = Path(sys.executable).with_name("octet")
    done = subprocess.run(
        [octet, "doctor", "--json", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=clean | settings,
    )
    said = json.loads(done.stdout)
    assert said["ok"] == (done.returncode == 0)
    return done.returncode, {finding["check"]: finding for finding in said["findings"]}, done.stderr


def everything_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def rests(service: Service) -> None:
    """Wait until the service has nothing to do any more: other tests leave it runs that are being cancelled."""
    with Client(service.url) as client, parts_of(service) as parts:
        wait_for(lambda: all(run.ended for run in client.runs()), 180, "the end of the runs of other tests")
        wait_for(lambda: all(job.ended for job in client.predictions.list()), 180, "the end of their predictions")
        wait_for(lambda: not any(map(parts.broker.depth, Queue)), 60, "the messages of ended runs being taken")


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


def test_a_machine_on_which_nothing_ran_yet_is_sound_and_stays_as_it_was(tmp_path: Path):
    code, found, _ = doctor("--data-dir", str(tmp_path / "data"), OCTET_PORT="0")
    assert code == 0, found
    assert everything_below(tmp_path) == set()
    assert {name for name, finding in found.items() if finding["level"] == "warn"} <= {"memory", "open files"}
    assert set(found) >= {"versions", "device", "database", "broker", "data", "storage", "port", "open files"}


def test_a_service_that_runs_here_is_recognised_by_its_own_port_broker_and_tables(service: Service):
    rests(service)
    before = everything_below(service.data_dir / "storage")
    settings = {name: value for name, value in service.environment.items() if name.startswith("OCTET_")}
    code, found, _ = doctor("--data-dir", str(service.data_dir), OCTET_PORT=service.url.rpartition(":")[2], **settings)
    assert code == 0, found
    assert "an Octet answers" in found["port"]["said"]
    assert "tables of this version" in found["database"]["said"]
    assert "messages that wait: runs 0" in found["broker"]["said"]
    assert everything_below(service.data_dir / "storage") == before


def test_a_service_elsewhere_is_looked_at_by_its_address(service: Service):
    code, found, _ = doctor("--url", service.url)
    assert code == 0, found
    assert set(found) == {"service", "ready", "clocks"}


def test_what_is_broken_is_named_with_what_to_do_and_the_exit_code_says_so(tmp_path: Path):
    (tmp_path / "file").write_text("")
    code, found, _ = doctor(
        OCTET_DATA_DIR=str(tmp_path / "data"),
        OCTET_STORAGE_DIR=str(tmp_path / "file"),
        OCTET_BROKER_URL=f"redis+socket://{tmp_path}/nobody.sock",
        OCTET_DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:1/octet",
        OCTET_DEVICES="cpu,cuda",
        CUDA_VISIBLE_DEVICES="",
        OCTET_PORT="0",
    )
    assert code == 1
    broken = {name for name, finding in found.items() if finding["level"] == "fail"}
    assert broken == {"database", "broker", "storage", "device"}
    assert all(found[name]["todo"] for name in broken)
    assert "OCTET_DATABASE_URL" in found["database"]["todo"]
    assert "OCTET_DEVICES=cpu" in found["device"]["todo"]
    assert everything_below(tmp_path) == {"file"}


def test_tables_of_another_version_are_sent_to_octet_migrate(tmp_path: Path, database_url: str):
    database = Database(database_url)
    database.migrate()
    database.migrate("base")
    database.close()
    [finding, *_] = look_at_database(Settings(data_dir=tmp_path, database_url=database_url))
    assert (finding.level, "octet migrate" in finding.todo) == ("fail", True)


def test_a_file_without_a_write_ahead_log_is_told_of_and_left_as_it_is(tmp_path: Path):
    import sqlite3

    file = tmp_path / "old.db"
    with sqlite3.connect(file) as old:
        old.execute("CREATE TABLE t (x)")
    old.close()
    before = file.read_bytes()
    [finding] = look_at_database(Settings(data_dir=tmp_path, database_url=f"sqlite:///{file}"))
    assert (finding.level, file.read_bytes() == before) == ("warn", True)
    assert [path.name for path in tmp_path.iterdir()] == ["old.db"]


def test_a_disk_with_less_than_the_reserve_is_broken_and_near_it_a_warning(tmp_path: Path):
    for reserve, level in ((2**62, "fail"), (1, "ok")):
        settings = Settings(data_dir=tmp_path, limits=LimitSettings(disk_reserve_bytes=reserve))
        found = look_at_storage(settings)
        assert {finding.level for finding in found} == {level}
        assert level == "ok" or all("make room" in finding.todo for finding in found)


def test_a_port_that_another_program_has_is_broken(silent: int, tmp_path: Path):
    [finding] = look_at_port(Settings(data_dir=tmp_path, http=HttpSettings(port=silent)))
    assert (finding.level, "in use by another program" in finding.said) == ("fail", True)


def test_whoever_takes_the_connection_and_says_nothing_does_not_hang_it(silent: int, tmp_path: Path):
    settings = Settings(data_dir=tmp_path, broker_url=f"redis://127.0.0.1:{silent}/0")
    assert [finding.level for finding in look_at_broker(settings)] == ["fail"]
    assert [finding.level for finding in look_at_service(f"http://127.0.0.1:{silent}")] == ["fail"]


def test_a_check_that_hangs_or_breaks_is_a_finding_and_the_others_have_their_say():
    import threading

    never = threading.Event()

    def hang() -> list[Finding]:
        never.wait()
        return []

    def broken() -> list[Finding]:
        raise ValueError("two\nlines")

    found = examine({"a": hang, "b": broken, "c": lambda: [Finding("c", "ok", "fine")]}, {"a": 0.05})
    never.set()
    assert [(one.check, one.level) for one in found] == [("a", "fail"), ("b", "fail"), ("c", "ok")]
    assert found[1].said == "ValueError: two"
