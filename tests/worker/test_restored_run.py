"""A run that trained while it was backed up goes on from the backup, on another host, to the same weights."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.parts import Parts
from app.services.backup import back_up, restore
from app.services.datasets.create import Upload, create_dataset
from app.services.jobs.reaper import reap
from app.services.points import PointView, page
from app.services.runs.lease import acquire
from app.services.runs.read import attempts, checkpoints, get_run
from app.services.runs.submit import submit
from tests.e2e.sides import write_sides
from tests.support.bodies import small_run
from tests.support.parts import opened_parts
from tests.support.service import wait_for
from worker.attempt import Attempt
from worker.shutdown import Shutdown

pytestmark = pytest.mark.timeout(600)
LEASE_S, ENDS_S = 3.0, 90.0
STEPS = 1500
BODY = small_run(STEPS, epochs=1000, every=300)


def carry_out(parts: Parts, run: str, shutdown: Shutdown) -> None:
    lease = acquire(parts, run, "a test")
    assert lease is not None
    Attempt(parts, lease, shutdown, {"cpu"}).run()


@contextmanager
def carried_out(parts: Parts, run: str) -> Iterator[None]:
    """An attempt in mid-run inside the block, handed back behind it."""
    before, stopped = get_run(parts, run).progress.step, Shutdown()
    training = threading.Thread(target=carry_out, args=(parts, run, stopped))
    training.start()
    try:
        wait_for(lambda: get_run(parts, run).progress.step > before, ENDS_S, "the first steps")
        yield
    finally:
        stopped.order()
        training.join(ENDS_S)


def final(parts: Parts, run: str) -> tuple[int, str]:
    """Step and digest of the whole state at the end."""
    last = [row for row in checkpoints(parts, run) if row.kind == "resume"][-1]
    return last.step, last.digest


def test_a_run_of_a_backup_goes_on_to_the_weights_of_the_one_that_was_not_disturbed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    with opened_parts(tmp_path / "old", url, lease_s=LEASE_S, heartbeat_s=0.2) as old:
        sides = write_sides(tmp_path / "sides", files=40, held_back=0)
        create_dataset(old, Upload("sides", sides.labels, files=[(p.name, p) for p in sides.folder.iterdir()]))
        run, twin = (submit(old, BODY)[0].id for _ in range(2))
        with carried_out(old, run):
            pass  # stopped in mid-run, so that there is a checkpoint to resume from
        with carried_out(old, run):
            copied = back_up(old.db, old.storage, tmp_path / "backup")
        carry_out(old, twin, Shutdown())
        undisturbed = final(old, twin), {(p.step, p.split, p.name, p.value) for p in every_point(old, twin)}
    assert copied.missing == []

    data = tmp_path / "new/data"
    restore(tmp_path / "backup", data / "octet.db", data / "storage")
    with opened_parts(tmp_path / "new", f"sqlite:///{data}/octet.db", lease_s=LEASE_S) as new:
        assert get_run(new, run).status == "running"  # as it was; its worker is not of this host
        wait_for(lambda: reap(new) and get_run(new, run).status == "queued", ENDS_S, "taking the run back")
        carry_out(new, run, Shutdown())
        assert get_run(new, run).status == "succeeded"
        assert (final(new, run), {(p.step, p.split, p.name, p.value) for p in every_point(new, run)}) == undisturbed
        assert [a.reason for a in attempts(new, run)] == ["handed_back", "lost", "finished"]
        assert (attempts(new, run)[-1].resumed_from_step or 0) > 0


def every_point(parts: Parts, run: str) -> list[PointView]:
    return page(parts, run, limit=10_000).points
