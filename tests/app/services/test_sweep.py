"""Blobs that nobody owns go, and none that somebody owns, or may still come to own."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db import runs
from app.services.datasets.create import create_dataset
from app.services.datasets.read import get_dataset
from app.services.datasets.remove import remove_dataset
from app.services.datasets.view import said_key, storage_key
from app.services.jobs.outcomes import JobEnd
from app.services.predictions import lease as predictions
from app.services.runs import lease as leases
from app.services.runs.failures import give_up
from app.services.runs.keys import checkpoint_key, log_key
from app.services.runs.read import checkpoints
from app.services.runs.remove import remove_run
from app.services.sweep import sweep
from tests.support.predictions import a_blob, a_prediction, a_trained_run, held
from tests.support.runs import a_run, checkpointed
from tests.support.uploads import an_upload

pytestmark = pytest.mark.services


def stored(parts):
    return {blob.key for room in ("runs", "predictions", "datasets", "said") for blob in parts.storage.listing(room)}


def swept(parts, **how):
    return {orphan.key for orphan in sweep(parts.db, parts.storage, age_s=0, **how).orphans}


def test_of_a_run_that_has_ended_only_what_no_row_names_goes(parts):
    lease = a_trained_run(parts, 3)
    named, _ = checkpointed(parts, lease, "resume", 3)
    orphan = a_blob(parts, checkpoint_key(lease.run_id, "resume", 9, "0" * 64)).key
    log = a_blob(parts, log_key(lease.run_id, 1)).key
    before = stored(parts)
    assert swept(parts) == set()  # a worker may be about to record it
    leases.finish(parts, lease, JobEnd("succeeded", "finished"))
    assert swept(parts) == {orphan}
    assert stored(parts) == before - {orphan}
    assert {named, log} <= stored(parts)


def test_of_what_was_removed_and_forgotten_nothing_stays(parts):
    lease = a_trained_run(parts, 3)
    leases.finish(parts, lease, JobEnd("succeeded", "finished"))
    remove_run(parts, lease.run_id)
    left = {a_blob(parts, log_key(lease.run_id, 1)).key, a_blob(parts, "predictions/gone/part-0-0.parquet").key}
    left |= {a_blob(parts, said_key("gone") + "/problems.jsonl").key, a_blob(parts, storage_key("e" * 64) + "/x").key}
    assert swept(parts, dry_run=True) == left
    assert stored(parts) == left
    assert swept(parts) == left
    assert stored(parts) == set()
    assert not parts.storage.exists(f"runs/{lease.run_id}")


def test_of_a_prediction_that_has_ended_its_result_and_log_stay(parts):
    lease = held(parts, a_prediction(parts))
    part = a_blob(parts, f"predictions/{lease.job_id}/part-0-0000.parquet").key
    results = {form: a_blob(parts, f"predictions/{lease.job_id}/result-00.{form}") for form in ("csv", "parquet")}
    log = a_blob(parts, f"predictions/{lease.job_id}/log-1.txt").key
    assert swept(parts) == set()
    predictions.finish(parts, lease, JobEnd("succeeded", "finished"), results)
    assert swept(parts) == {part}
    assert {log, *(blob.key for blob in results.values())} <= stored(parts)


def test_what_has_not_lain_there_for_long_stays_however_old_its_bytes_are(parts, tmp_path):
    bytes_of_last_year = tmp_path / "old"
    bytes_of_last_year.write_bytes(b"old")
    os.utime(bytes_of_last_year, (0, 0))
    blob = parts.storage.put("said/gone/problems.jsonl", bytes_of_last_year)
    assert sweep(parts.db, parts.storage, age_s=3600).orphans == []
    assert parts.storage.exists(blob.key)


def test_a_storage_whose_owners_are_mostly_unknown_is_left_alone_unless_somebody_says_so(parts):
    """Most likely OCTET_DATABASE_URL names another database, or an empty one."""
    for number in range(12):
        a_blob(parts, f"runs/{number:016x}/log-1.txt")
    before = stored(parts)
    found = sweep(parts.db, parts.storage, age_s=0)
    assert (found.strange, found.removed, len(found.orphans)) == (True, False, 12)
    assert stored(parts) == before
    assert sweep(parts.db, parts.storage, age_s=0, trusting=True).removed
    assert stored(parts) == set()


def test_unknown_rooms_of_the_storage_are_not_touched(parts):
    key = a_blob(parts, "somebody/elses").key
    sweep(parts.db, parts.storage, age_s=0, trusting=True)
    assert parts.storage.exists(key)


KILLED = {
    "between storing and recording": (
        "from app.services.runs import lease as leases\n"
        "leases.record_checkpoint = tests.support.runs.record_checkpoint = lambda *_: die()\n"
        "lease = leases.acquire(parts, sys.argv[3], 'w')\n"
        "tests.support.runs.checkpointed(parts, lease, 'best', 7, 0.7)\n"
    ),
    "between forgetting and deleting": (
        "from app.services.runs.remove import remove_run\n"
        "type(parts.storage).delete = lambda *_: die()\n"
        "remove_run(parts, sys.argv[4])\n"
    ),
}
BEGIN = (
    "import os, signal, sys, tests.support.runs\n"
    "from pathlib import Path\n"
    "from tests.support.parts import opened_parts\n"
    "def die(): os.kill(os.getpid(), signal.SIGKILL)\n"
    "with opened_parts(Path(sys.argv[1]), sys.argv[2]) as parts:\n"
)


@pytest.mark.parametrize("when", KILLED)
def test_what_a_kill_leaves_goes_and_what_others_have_stays(parts, tmp_path, database_url, when):
    queued, other = a_run(parts), a_trained_run(parts, 3)
    gone = a_trained_run(parts, 4)
    for lease in (gone, other):
        leases.finish(parts, lease, JobEnd("succeeded", "finished"))
    code = BEGIN + "".join(f"    {line}\n" for line in KILLED[when].splitlines())
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path), database_url, queued.id, gone.run_id])
    assert killed.returncode == -signal.SIGKILL
    if when == "between storing and recording":
        assert swept(parts) == set()  # its lease still stands
        with parts.db.transaction() as tx:
            give_up(tx, runs.lock(tx, queued.id), "lost", None, max_attempts=1, counted=False)
        [orphan] = swept(parts)
        assert orphan.startswith(f"runs/{queued.id}/best-7-")
    else:
        [orphan] = swept(parts)
        assert orphan.startswith(f"runs/{gone.run_id}/best-4-")
    assert {c.step for c in checkpoints(parts, other.run_id)} == {3}
    assert {blob.key for blob in parts.storage.listing(f"runs/{other.run_id}")}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["upload", "same again", "remove", "sweep"]), min_size=2, max_size=6))
def test_whatever_order_uploads_removals_and_sweeps_come_in_a_data_set_that_is_there_has_its_files(
    parts, tmp_path_factory, steps
):
    """At once, each in a thread: same content, other names, so all of them meet at the same key."""
    folder = tmp_path_factory.mktemp("uploads")
    uploads = [an_upload(folder / str(n), f"d{n}-{folder.name}", files=2) for n in range(len(steps))]
    made, lock = [], threading.Lock()

    def act(number):
        step = steps[number]
        if step in ("upload", "same again"):
            view, _ = create_dataset(parts, uploads[number])
            with lock:
                made.append(view)
        elif step == "remove":
            with lock:
                view = made.pop() if made else None
            if view:
                remove_dataset(parts, view.id)
        else:
            sweep(parts.db, parts.storage, age_s=0, trusting=True)

    threads = [threading.Thread(target=act, args=(number,)) for number in range(len(steps))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for view in made:
        assert get_dataset(parts, view.id).digest == view.digest
        assert {blob.key.rpartition("/")[2] for blob in parts.storage.listing(storage_key(view.digest))} >= {
            "data.bin",
            "index.bin",
            "labels.bin",
        }
        remove_dataset(parts, view.id)
