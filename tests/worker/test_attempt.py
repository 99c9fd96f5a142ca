"""One attempt at a run, with a real database, a real storage and a real training process."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import leases
from app.db.jobs import RUNS
from app.parts import Parts
from app.services.datasets.create import Upload, create_dataset
from app.services.points import page
from app.services.registry import resolve
from app.services.runs.control import cancel
from app.services.runs.lease import acquire, hand_back, record_plan, resume_point
from app.services.runs.read import attempts, checkpoints, events, get_run, logs
from app.services.runs.submit import submit
from app.services.runs.view import RunView
from app.settings import LimitSettings, WorkerSettings
from models.training.report import Plan
from tests.e2e.sides import write_sides
from tests.support.bodies import small_run
from tests.support.parts import opened_parts
from tests.support.runs import row_of
from tests.support.service import alive, children, command, wait_for
from worker.attempt import Attempt
from worker.shutdown import Shutdown

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
SHORT, LONG = 6, 100_000
ENDS_S = 90.0


@pytest.fixture
def parts(tmp_path: Path, database_url: str) -> Iterator[Parts]:
    """Parts with a data set, and with heartbeats that come quickly."""
    with opened_parts(tmp_path, database_url, heartbeat_s=0.2, lease_s=30.0) as opened:
        sides = write_sides(tmp_path / "sides", files=40, held_back=0)
        files = [(path.name, path) for path in sides.folder.iterdir()]
        create_dataset(opened, Upload("sides", sides.labels, files=files))
        yield opened


@pytest.fixture
def shutdown() -> Shutdown:
    return Shutdown()


def submitted(
    parts: Parts,
    steps: int,
    *,
    batch: int = 4,
    max_length: int = 32,
    max_runtime_s: float | None = None,
    **more: Any,
) -> str:
    """A run of a very small model; steps 0: as many as its time holds."""
    epochs = 3 if steps else 100_000
    body = small_run(steps or None, epochs=epochs, every=3, batch=batch, max_length=max_length, **more)
    body["max_runtime_s"] = max_runtime_s
    view, _ = submit(parts, body)
    return view.id


def taken(parts: Parts, run_id: str, shutdown: Shutdown) -> Attempt:
    lease = acquire(parts, run_id, "a test")
    assert lease is not None
    return Attempt(parts, lease, shutdown, {"cpu"})


@contextmanager
def carried_out(parts: Parts, run_id: str, shutdown: Shutdown) -> Iterator[Callable[[], RunView]]:
    """An attempt in a thread of its own, in mid-run; the answer waits for its end."""
    before = get_run(parts, run_id).progress.step
    thread = threading.Thread(target=taken(parts, run_id, shutdown).run)
    thread.start()

    def end() -> RunView:
        thread.join(ENDS_S)
        assert not thread.is_alive()
        return get_run(parts, run_id)

    try:
        wait_for(lambda: get_run(parts, run_id).progress.step != before, ENDS_S, "the first steps")
        yield end
    finally:
        shutdown.order()
        thread.join(ENDS_S)


def training_processes(parts: Parts) -> list[int]:
    return [pid for pid in children(os.getpid()) if str(parts.settings.data_dir) in command(pid)]


def test_a_run_ends_with_its_points_checkpoints_and_log_and_leaves_no_work_behind(parts: Parts, shutdown: Shutdown):
    run = submitted(parts, SHORT)
    taken(parts, run, shutdown).run()
    view = get_run(parts, run)
    assert (view.status, view.error, view.progress.step, view.progress.steps) == ("succeeded", None, SHORT, SHORT)
    assert {(p.step, p.split) for p in page(parts, run, limit=10_000).points} >= {
        (3, "valid"),
        (6, "valid"),
        (6, "train"),
    }
    stored = {(c.kind, c.step) for c in checkpoints(parts, run)}
    assert ("resume", SHORT) in stored
    assert ("best", view.best["step"]) in stored
    assert "ended at step 6: finished" in logs(parts, run)[0].path.read_text()
    assert not any((parts.settings.data_dir / "work").iterdir())
    assert len(list(parts.storage.local(f"runs/{run}").glob("*.safetensors"))) == len(stored)


def test_a_cancelled_run_stops_with_a_checkpoint(parts: Parts, shutdown: Shutdown):
    run = submitted(parts, LONG)
    with carried_out(parts, run, shutdown) as end:
        cancel(parts, run)
        assert end().status == "cancelled"
    assert [a.reason for a in attempts(parts, run)] == ["cancelled"]
    assert [c.step for c in checkpoints(parts, run) if c.kind == "resume"] == [get_run(parts, run).progress.step]


def test_a_shutdown_hands_the_run_back_and_the_next_attempt_goes_on_from_there(parts: Parts, shutdown: Shutdown):
    run = submitted(parts, LONG)
    with carried_out(parts, run, shutdown) as end:
        shutdown.order()
        view = end()
    assert (view.status, view.failures) == ("queued", 0)
    assert parts.broker.messages == [run, run]  # type: ignore[attr-defined]

    again = Shutdown()
    with carried_out(parts, run, again) as end:
        wait_for(lambda: get_run(parts, run).progress.step > view.progress.step, ENDS_S, "going on")
        cancel(parts, run)
        end()
    first, second = attempts(parts, run)
    assert (first.reason, second.reason) == ("handed_back", "cancelled")
    assert second.resumed_from_step == view.progress.step
    seen = [(p.step, p.split, p.target, p.name) for p in page(parts, run, limit=10_000).points]
    assert len(seen) == len(set(seen))


def test_a_lease_that_somebody_else_took_ends_training_at_once_and_nothing_more_is_written(
    parts: Parts, shutdown: Shutdown
):
    run = submitted(parts, LONG)
    with carried_out(parts, run, shutdown) as end:
        with parts.db.transaction() as tx:
            token = row_token(parts, run)
            assert leases.write(tx, RUNS, run, token, {"lease_token": "f" * 32})
        taken = get_run(parts, run).progress, checkpoints(parts, run), page(parts, run, limit=10_000).points
        wait_for(lambda: not training_processes(parts), ENDS_S, "the training process ending")
        view = end()
    assert view.status == "running"
    assert (view.progress, checkpoints(parts, run), page(parts, run, limit=10_000).points) == taken


def row_token(parts: Parts, run: str) -> str:
    token = row_of(parts, run).lease_token
    assert token is not None
    return token


def test_a_killed_training_process_gives_the_run_back_at_once(parts: Parts, shutdown: Shutdown):
    run = submitted(parts, LONG)
    with carried_out(parts, run, shutdown) as end:
        [training] = training_processes(parts)
        os.kill(training, signal.SIGKILL)
        view = end()
    assert not alive(training)
    assert (view.status, view.failures, view.error) == ("queued", 1, None)
    assert [a.reason for a in attempts(parts, run)] == ["lost"]


def test_a_killed_training_repeats_no_more_than_its_setting_says(parts: Parts, shutdown: Shutdown):
    worker = parts.settings.worker.model_copy(update={"resume_save_s": 0.0})
    parts = replace(parts, settings=parts.settings.model_copy(update={"worker": worker}))
    run = submitted(parts, LONG)
    with carried_out(parts, run, shutdown) as end:
        wait_for(lambda: get_run(parts, run).progress.step > 5, ENDS_S, "some steps")
        before = get_run(parts, run).progress.step
        [training] = training_processes(parts)
        os.kill(training, signal.SIGKILL)
        end()
    lease = acquire(parts, run, "a test")
    assert lease is not None
    resume = resume_point(parts, lease)
    assert resume is not None
    assert resume.step >= before - 1


def test_a_training_process_that_leaves_early_with_code_0_is_no_success_and_the_run_goes_on(
    parts: Parts, shutdown: Shutdown
):
    """SIGINT is the parent's to answer; at SIGTERM the child saves its state and ends, as the parent orders it to."""
    run = submitted(parts, LONG)
    with carried_out(parts, run, shutdown) as end:
        [training] = training_processes(parts)
        os.kill(training, signal.SIGINT)
        before = get_run(parts, run).progress.step
        wait_for(lambda: get_run(parts, run).progress.step > before, ENDS_S, "training going on after SIGINT")
        os.kill(training, signal.SIGTERM)
        view = end()
    assert (view.status, view.error) == ("queued", None)
    assert 0 < view.progress.step < LONG
    assert [a.reason for a in attempts(parts, run)] == ["handed_back"]
    assert [c.step for c in checkpoints(parts, run) if c.kind == "resume"] == [view.progress.step]
    lease = acquire(parts, run, "a test")
    assert lease is not None
    assert lease.attempt == 2


def test_what_only_the_worker_knows_not_to_fit_fails_at_once_with_what_would(parts: Parts, shutdown: Shutdown):
    run = submitted(parts, LONG, batch=8, max_length=2**24)
    taken(parts, run, shutdown).run()
    view = get_run(parts, run)
    assert (view.status, view.attempt) == ("failed", 1)
    assert view.error is not None
    assert (view.error["type"], view.error["title"]) == ("not_enough_memory", "Not enough memory")
    assert "/plan/batch" in view.error["detail"] or "max_length" in view.error["detail"]
    assert "would fit" in view.error["detail"]


def test_a_training_over_its_memory_is_ended_and_the_second_time_in_a_row_fails_the_run_with_peak_limit_and_mend(
    parts: Parts, shutdown: Shutdown
):
    run = submitted(parts, LONG)
    with carried_out(parts, run, shutdown) as end:
        shutdown.order()
        end()  # it has a plan now, so its need is no longer estimated
    [first] = attempts(parts, run)
    assert first.peak_memory_bytes is not None
    assert first.peak_memory_bytes > 2**26

    tight = WorkerSettings(train_memory_bytes=2**26)
    narrow = replace(parts, settings=parts.settings.model_copy(update={"worker": tight}))
    taken(narrow, run, Shutdown()).run()
    view = get_run(parts, run)
    assert (view.status, view.error) == ("queued", None)
    taken(narrow, run, Shutdown()).run()
    view = get_run(parts, run)
    assert view.status == "failed"
    assert view.error is not None
    assert view.error["type"] == "out_of_memory"
    assert "its limit is 64 MiB" in view.error["detail"]
    assert "batch_size" in view.error["detail"]
    assert "Twice in a row" in view.error["detail"]
    assert [a.reason for a in attempts(parts, run)] == ["handed_back", "oom", "oom"]
    assert all((a.peak_memory_bytes or 0) > 2**26 for a in attempts(parts, run))


def renamed(parts: Parts, old: str, new: str) -> None:
    with parts.db.transaction() as tx:
        tx.execute(sa.text(f"ALTER TABLE attempts RENAME COLUMN {old} TO {new}"))


def test_a_peak_of_memory_that_cannot_be_recorded_costs_no_heartbeat_and_is_recorded_when_it_can_be(
    parts: Parts, shutdown: Shutdown, caplog: pytest.LogCaptureFixture
):
    lease_s = 4.0
    clocks = parts.settings.clocks.model_copy(update={"lease_s": lease_s})
    parts = replace(parts, settings=parts.settings.model_copy(update={"clocks": clocks}))
    run = submitted(parts, LONG)
    renamed(parts, "peak_memory_bytes", "aside")  # every write of it fails
    with carried_out(parts, run, shutdown) as end:
        over, seen = time.monotonic() + 1.5 * lease_s, get_run(parts, run).progress.step
        wait_for(lambda: time.monotonic() > over and get_run(parts, run).progress.step > seen, ENDS_S, "going on")
        renamed(parts, "aside", "peak_memory_bytes")
        wait_for(lambda: attempts(parts, run)[0].peak_memory_bytes, ENDS_S, "the peak")
        cancel(parts, run)
        assert end().status == "cancelled"
    assert [a.reason for a in attempts(parts, run)] == ["cancelled"]
    assert len([record for record in caplog.records if "could not be recorded" in record.message]) == 1


def test_a_time_that_is_over_before_the_first_step_still_gives_a_model(parts: Parts, shutdown: Shutdown):
    run = submitted(parts, 0, max_runtime_s=1.0)
    taken(parts, run, shutdown).run()
    view = get_run(parts, run)
    assert (view.status, view.error, view.stopped) == ("succeeded", None, "time")
    assert view.progress.step >= 1
    assert view.best is not None


def test_a_training_far_beyond_its_time_is_ended_and_the_run_fails_with_the_limit_and_what_to_lower(
    parts: Parts, shutdown: Shutdown
):
    """Earlier attempts have used it up, so that the limit does not depend on how fast this machine is."""
    run = submitted(parts, LONG, max_runtime_s=60.0)
    lease = acquire(parts, run, "a test")
    assert lease is not None
    Attempt(parts, replace(lease, used_s=1000.0), shutdown, {"cpu"}).run()
    view = get_run(parts, run)
    assert view.error is not None
    assert (view.status, view.error["type"]) == ("failed", "out_of_time")
    assert "had not ended itself after 135 s" in view.error["detail"]
    assert "lower valid_size" in view.error["detail"]
    assert [a.reason for a in attempts(parts, run)] == ["error"]
    assert training_processes(parts) == []


def test_a_training_that_diverges_fails_the_run_at_once_in_words(parts: Parts, shutdown: Shutdown):
    diverging = {"optimization": {"optimizer": "sgdm", "lr": 100.0, "wd": 1.0}}
    run = submitted(parts, LONG, **diverging, lr_schedule={"lr_schedule": "same", "warmup_steps": 0})
    taken(parts, run, shutdown).run()
    view = get_run(parts, run)
    assert (view.status, view.attempt) == ("failed", 1)
    assert view.error is not None
    assert view.error["type"] == "non_finite_loss"
    assert "`lr`" in view.error["detail"]


def test_a_run_whose_blob_is_gone_begins_anew(parts: Parts, shutdown: Shutdown):
    run = submitted(parts, LONG)
    with carried_out(parts, run, shutdown) as end:
        shutdown.order()
        end()
    for stored in parts.storage.local(f"runs/{run}").glob("resume-*"):
        stored.write_bytes(b"damaged")
    again = Shutdown()
    with carried_out(parts, run, again) as end:
        cancel(parts, run)
        assert end().status == "cancelled"
    assert attempts(parts, run)[-1].resumed_from_step is None


def test_a_worker_that_lacks_the_planned_device_leaves_the_run_to_others_without_counting_it(
    parts: Parts, shutdown: Shutdown
):
    """It took the run because it believed to have a GPU: a driver broke, or OCTET_DEVICES promises too much."""
    run = submitted(parts, LONG)
    lease = acquire(parts, run, "a worker with a GPU")
    assert lease is not None
    planned = Plan(
        steps=LONG, batch_size=4, threads=1, device="cuda", sample_interval=3, checkpoint_interval=3, steps_per_epoch=8
    )
    record_plan(parts, lease, planned)
    hand_back(parts, lease, "handed_back")

    lease = acquire(parts, run, "a worker with a broken GPU", {"cpu", "cuda"})
    assert lease is not None
    attempt = Attempt(parts, lease, shutdown, {"cpu", "cuda"})
    attempt.run()
    assert attempt.device_missing
    view = get_run(parts, run)
    assert (view.status, view.failures, view.error) == ("queued", 0, None)
    assert [a.reason for a in attempts(parts, run)] == ["handed_back", "handed_back"]
    assert acquire(parts, run, "a worker that knows that it has none", {"cpu"}) is None


def test_a_run_whose_disk_becomes_full_says_so_once_among_its_events_and_goes_on(parts: Parts, shutdown: Shutdown):
    limits = LimitSettings(disk_reserve_bytes=1 << 60)
    tight = replace(parts, settings=parts.settings.model_copy(update={"limits": limits}))
    run = submitted(tight, SHORT)
    taken(tight, run, shutdown).run()
    assert get_run(parts, run).status == "succeeded"
    [said] = [event for event in events(parts, run) if event.kind.startswith("disk_")]
    assert said.kind == "disk_full"
    assert "make room" in said.data["detail"]


def test_a_run_that_diverges_keeps_what_was_good_and_predictions_go_on(parts: Parts, shutdown: Shutdown):
    """Its rate rises, step by step, to one that is far too high."""
    wild = {"optimization": {"optimizer": "sgdm", "lr": 100.0, "wd": 0.0, "gradient_clipping": 0.0}}
    calm_at_first = {"lr_schedule": "cosine", "warmup_steps": 60}
    run = submitted(parts, LONG, **wild, lr_schedule=calm_at_first)
    taken(parts, run, shutdown).run()
    view = get_run(parts, run)
    assert (view.status, view.attempt) == ("failed", 1)
    assert view.error is not None
    assert view.best is not None
    assert re.search(r"at step \d+", view.error["detail"])
    assert "stay and answer predictions" in view.error["detail"]
    assert resolve(parts, run=run).step == view.best["step"]
