"""What an operator does by hand: back up, restore, sweep; on the service's machine, the service need not run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.services.jobs.outcomes import JobEnd
from app.services.runs.lease import finish
from app.services.runs.remove import remove_run
from tests.support.parts import opened_parts
from tests.support.predictions import a_blob, a_trained_run

OCTET = Path(sys.executable).with_name("octet")


@pytest.fixture
def octet(tmp_path):
    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        told = {k: v for k, v in os.environ.items() if not k.startswith("OCTET_")}
        command = [OCTET, *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, env=told | environment, capture_output=True, text=True, timeout=99)

    return run


@pytest.fixture
def data(tmp_path):
    """The data directory of a service with one run that succeeded, and a file of one that was removed."""
    with opened_parts(tmp_path, f"sqlite:///{tmp_path}/data/octet.db") as parts:
        kept, gone = a_trained_run(parts), a_trained_run(parts)
        for lease in (kept, gone):
            finish(parts, lease, JobEnd("succeeded", "finished"))
        remove_run(parts, gone.run_id)
        a_blob(parts, f"runs/{gone.run_id}/best-3-0000.safetensors")
    return tmp_path / "data"


def test_a_backup_comes_back_in_an_empty_data_directory_and_nowhere_else(octet, data, tmp_path):
    made = octet("backup", "backup", "--data-dir", data)
    assert (made.returncode, made.stderr) == (0, "")
    assert "the database and 2 files" in made.stdout
    told = json.loads(octet("backup", "backup", "--data-dir", data, "--json").stdout)
    assert (told["files"], told["missing"], told["size_bytes"] > 0) == (2, [], True)
    back = octet("restore", "backup", "--data-dir", "new")
    assert (back.returncode, back.stderr) == (0, "")
    assert (tmp_path / "new/octet.db").is_file()
    again = octet("restore", "backup", "--data-dir", "new")
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert octet("restore", data / "storage", "--data-dir", "other").returncode == 1
    assert json.loads(octet("restore", "backup", "--data-dir", "newer", "--json").stdout) == told


def test_a_sweep_lists_what_it_would_remove_and_then_removes_it(octet, data):
    [orphan] = (data / "storage").rglob("best-3-0000.safetensors")
    assert "0 files" in octet("storage", "sweep", "--data-dir", data).stdout  # it is young
    listed = octet("storage", "sweep", "--dry-run", "--data-dir", data, OCTET_ORPHAN_AGE_S="0")
    assert "best-3-0000.safetensors" in listed.stdout
    assert listed.stdout.splitlines()[-1].startswith("1 file, ")
    assert listed.stdout.endswith(": would be removed\n")
    assert orphan.exists()
    told = json.loads(
        octet("storage", "sweep", "--dry-run", "--data-dir", data, "--json", OCTET_ORPHAN_AGE_S="0").stdout
    )
    assert [(Path(file["key"]).name, file["size_bytes"] > 0) for file in told["files"]] == [(orphan.name, True)]
    assert told["removed"] is False
    swept = octet("storage", "sweep", "--data-dir", data, OCTET_ORPHAN_AGE_S="0")
    assert swept.stdout.endswith(": removed\n")
    assert not orphan.exists()


def test_a_folder_without_a_service_is_said_and_not_made_into_one(octet, tmp_path):
    for command in (("backup", "backup"), ("storage", "sweep")):
        done = octet(*command, "--data-dir", "nothing")
        assert done.returncode == 1
        assert "does not exist" in done.stderr
    assert not (tmp_path / "nothing").exists()


def test_a_backup_of_postgresql_names_its_own_tools(octet):
    done = octet("backup", "backup", OCTET_DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1/nothing")
    assert done.returncode == 1
    assert "pg_dump" in done.stderr
