"""The duties of an API process beside its requests, each done once by hand."""

import logging
import threading
from dataclasses import replace

import pytest

from app.services.datasets.incoming import UPLOAD, work_folder
from app.settings import LimitSettings
from app.upkeep import Stopped, Upkeep
from tests.support.parts import opened_parts
from tests.support.predictions import a_blob


@pytest.fixture
def parts(tmp_path, database_url):
    with opened_parts(tmp_path, database_url) as opened:
        yield opened


def upkeep(parts, orphan_age_s):
    limits = LimitSettings(orphan_age_s=orphan_age_s)
    return Upkeep(replace(parts, settings=parts.settings.model_copy(update={"limits": limits})), threading.Event())


def test_a_sweep_takes_orphans_and_uploads_of_killed_processes_and_leaves_those_under_way(parts, caplog):
    caplog.set_level(logging.INFO)
    orphan = a_blob(parts, "runs/gone/log-1.txt").key
    killed = parts.settings.incoming_dir / f"{UPLOAD}killed"
    killed.mkdir()
    going_on = work_folder(parts.settings.incoming_dir, UPLOAD)
    upkeep(parts, 1e-9).sweep()
    assert not parts.storage.exists(orphan)
    assert not killed.exists()
    assert going_on.path.exists()
    [said] = [record for record in caplog.records if record.name == "app.upkeep"]
    assert said.fields == {"blobs": 1, "bytes": 4}
    going_on.remove()


def test_an_age_of_0_leaves_orphans(parts):
    orphan = a_blob(parts, "runs/gone/log-1.txt").key
    upkeep(parts, 0).sweep()
    assert parts.storage.exists(orphan)


def test_a_storage_that_the_database_does_not_know_is_left_and_the_operator_is_asked(parts, caplog):
    keys = [a_blob(parts, f"runs/{number:016x}/log-1.txt").key for number in range(12)]
    upkeep(parts, 1e-9).sweep()
    assert all(parts.storage.exists(key) for key in keys)
    [said] = [record for record in caplog.records if record.name == "app.upkeep"]
    assert said.levelname == "WARNING"
    assert "OCTET_DATABASE_URL" in said.message
    assert "octet storage sweep" in said.message


def test_it_stops_when_it_is_told_also_in_the_middle_of_a_sweep(parts):
    duties, orphan = upkeep(parts, 1e-9), a_blob(parts, "runs/gone/log-1.txt").key
    duties._stopping.set()
    with pytest.raises(Stopped):
        duties.sweep()
    assert parts.storage.exists(orphan)
    thread = threading.Thread(target=duties.run)
    thread.start()
    duties._stopping.set()
    thread.join(60)
    assert not thread.is_alive()
