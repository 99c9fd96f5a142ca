"""A backup that was made while the service wrote brings runs, curves and models back on a new host."""

import os
import shutil
import subprocess
import threading

import pytest
import sqlalchemy as sa

from app.db.tables import metadata
from app.services.backup import NoBackup, back_up, restore
from app.services.datasets.create import create_dataset
from app.services.jobs.outcomes import JobEnd
from app.services.points import page
from app.services.registry import promote, resolve
from app.services.runs import lease as leases
from app.services.runs.read import checkpoints, get_run, logs
from app.storage import digest_of
from tests.support.databases import fresh_database
from tests.support.parts import opened_parts
from tests.support.predictions import a_blob, a_trained_run
from tests.support.runs import a_point, checkpointed
from tests.support.uploads import an_upload


def rows(parts):
    """All that the database holds."""
    with parts.db.reading() as tx:
        return {name: sorted(map(str, tx.execute(sa.select(table)))) for name, table in metadata.tables.items()}


def a_service(parts, folder):
    """A data set, a run with points, checkpoints and a log, and the model that stands for it."""
    create_dataset(parts, an_upload(folder / "upload"))
    lease = a_trained_run(parts, 3)
    leases.record_points(parts, lease, [a_point(1), a_point(2), a_point(3)])
    checkpointed(parts, lease, "resume", 3)
    a_blob(parts, f"runs/{lease.run_id}/log-1.txt", b"it went well")
    leases.finish(parts, lease, JobEnd("succeeded", "finished"))
    promote(parts, "prod", lease.run_id)
    return lease.run_id


def compare(ours, theirs, run):
    """What a user sees of both."""
    assert rows(theirs) == rows(ours)
    assert get_run(theirs, run) == get_run(ours, run)
    assert page(theirs, run) == page(ours, run)
    [said] = logs(theirs, run)
    assert said.path.read_bytes() == b"it went well"
    served = resolve(theirs, model="prod")
    assert digest_of(theirs.storage.local(served.key))[0] == served.digest
    listed = {room: {b.key for b in ours.storage.listing(room)} for room in ("datasets", "runs")}
    assert {room: {b.key for b in theirs.storage.listing(room)} for room in listed} == listed


def test_a_backup_restored_elsewhere_is_the_same_service(tmp_path):
    with opened_parts(tmp_path / "old", f"sqlite:///{tmp_path}/old.db") as ours:
        run = a_service(ours, tmp_path)
        copied = back_up(ours.db, ours.storage, tmp_path / "backup")
        assert copied.missing == []
        new = tmp_path / "new" / "data"
        assert restore(tmp_path / "backup", new / "octet.db", new / "storage") == copied
        with opened_parts(tmp_path / "new", f"sqlite:///{new}/octet.db") as theirs:
            compare(ours, theirs, run)
            shutil.rmtree(tmp_path / "backup")  # nothing of the new service hangs on it
            compare(ours, theirs, run)


def test_again_into_the_same_folder_brings_it_up_to_date_and_copies_only_what_is_new(tmp_path):
    with opened_parts(tmp_path, f"sqlite:///{tmp_path}/old.db") as ours:
        a_service(ours, tmp_path)
        first = back_up(ours.db, ours.storage, tmp_path / "backup")
        known = {path: path.stat().st_mtime_ns for path in (tmp_path / "backup/storage").rglob("*") if path.is_file()}
        a_trained_run(ours, 9)
        second = back_up(ours.db, ours.storage, tmp_path / "backup")
        assert second.blobs == first.blobs + 1
        assert {path: path.stat().st_mtime_ns for path in known} == known


def test_a_backup_that_is_made_while_a_run_trains_has_the_file_of_every_checkpoint_that_it_names(tmp_path):
    with opened_parts(tmp_path, f"sqlite:///{tmp_path}/old.db", lease_s=600.0) as ours:
        keep_all = {"globals": {"evaluation_checkpoint": {"n_saved_models": 1000}}}
        lease = a_trained_run(ours, 1, config=keep_all)
        ending = threading.Event()

        def train():
            step = 1
            while not ending.is_set():
                step += 1
                checkpointed(ours, lease, "best", step, 0.5)

        training = threading.Thread(target=train)
        training.start()
        try:
            copied = [back_up(ours.db, ours.storage, tmp_path / f"backup-{n}") for n in range(5)]
        finally:
            ending.set()
            training.join()
        assert [c.missing for c in copied] == [[]] * 5
        new = tmp_path / "new/data"
        restore(tmp_path / "backup-4", new / "octet.db", new / "storage")
        with opened_parts(tmp_path / "new", f"sqlite:///{new}/octet.db") as theirs:
            for row in checkpoints(theirs, lease.run_id):
                key = next(b.key for b in theirs.storage.listing("runs") if f"best-{row.step}-" in b.key)
                assert digest_of(theirs.storage.local(key))[0] == row.digest


def test_what_is_no_backup_is_refused_and_what_is_there_is_never_overwritten(tmp_path):
    with pytest.raises(NoBackup, match=r"has no octet\.db"):
        restore(tmp_path, tmp_path / "new/octet.db", tmp_path / "new/storage")
    with opened_parts(tmp_path, f"sqlite:///{tmp_path}/old.db") as ours:
        back_up(ours.db, ours.storage, tmp_path / "backup")
        with pytest.raises(NoBackup, match="is there already"):
            restore(tmp_path / "backup", tmp_path / "old.db", tmp_path / "new/storage")


@pytest.mark.services
@pytest.mark.skipif(shutil.which("pg_dump") is None, reason="PostgreSQL's own pg_dump and psql do the copying")
def test_a_dump_of_postgresql_and_a_copy_of_the_storage_restored_elsewhere_are_the_same_service(
    tmp_path, database_url, on_services
):
    """By the very commands of docs/guides/backup.md."""
    if not on_services:
        pytest.skip("on PostgreSQL only")
    with opened_parts(tmp_path / "old", database_url) as ours, fresh_database(tmp_path) as new_url:
        run = a_service(ours, tmp_path)
        old, dump, new = ours.settings.storage_dir, tmp_path / "octet.sql", tmp_path / "new/data/storage"
        new.mkdir(parents=True)
        libpq = {url: url.replace("postgresql+psycopg", "postgresql") for url in (database_url, new_url)}
        told = os.environ | {"PGOPTIONS": "--client-min-messages=warning"}
        for command in (
            ["cp", "-a", f"{old}/.", str(new)],
            ["pg_dump", "--no-owner", f"--file={dump}", libpq[database_url]],
            ["cp", "-au", f"{old}/.", str(new)],
            ["psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={dump}", libpq[new_url]],
        ):
            subprocess.run(command, check=True, env=told, stdout=subprocess.DEVNULL)
        with opened_parts(tmp_path / "new", new_url) as theirs:
            compare(ours, theirs, run)
