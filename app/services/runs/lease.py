"""A worker's side of a run: take it, keep it, and write what happens, all of it only while the lease is held."""

import math
import secrets
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.db import attempts, checkpoints, events, leases, points, runs
from app.db import jobs as job_rows
from app.db.jobs import RUNS
from app.db.tables.runs import RunRow
from app.parts import Parts
from app.services.datasets.view import storage_key
from app.services.disk import Disk
from app.services.jobs.lease import Order, held, lost, renew
from app.services.jobs.outcomes import JobEnd, JobError
from app.services.jobs.states import Status
from app.services.runs.failures import give_up
from app.services.runs.keeping import best_of, is_whole, keep_checkpoint
from app.services.runs.states import origin_of, transition
from app.services.runs.verdict import verdict_of
from app.storage import Blob
from app.tracing import Origin
from models.training.report import Plan, Point, Progress, Saved


@dataclass(frozen=True, slots=True)
class Lease:
    """The authority to carry out a run, and all that is needed to do it."""

    run_id: str
    token: str
    attempt: int
    worker: str
    form: Literal["short", "full"]
    config: dict[str, Any]
    dataset_key: str  # in storage: the folder of the pack
    plan_request: dict[str, Any] | None
    plan: dict[str, Any] | None  # of an earlier attempt: to be kept
    max_runtime_s: float | None
    used_s: float  # by earlier attempts
    origin: Origin  # this attempt, as a part of what the request began that made the run

    @property
    def job_id(self) -> str:
        """The run, as every lease calls it."""
        return self.run_id


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """A resume checkpoint to go on from; its digest was compared with its bytes."""

    step: int
    path: Path


_INTERRUPTED_FIRST = 100
ANY_DEVICE: Set[str] = frozenset({"cpu", "cuda"})


def acquire(parts: Parts, run_id: str, worker: str, devices: Set[str] = ANY_DEVICE) -> Lease | None:
    """Take a queued run; None when there is nothing to take: unknown, ended, held by somebody, or not for this worker.

    A run keeps the plan of its first attempt. One that was planned on a device which the worker lacks stays queued
    for another worker; the reaper announces it again.
    """
    token = secrets.token_hex(16)
    with parts.db.transaction() as tx:
        run = runs.lock(tx, run_id)
        if run is None or run.status != Status.QUEUED:
            return None
        if run.plan is not None and run.plan["device"] not in devices:
            return None
        granted = leases.granted(tx, RUNS, token, worker, parts.settings.clocks.lease_s)
        taken = transition(tx, run, Status.RUNNING, data={"worker": worker}, changes=granted)
        attempts.add(tx, run_id, taken.attempt, worker)
    return _lease(taken, token)


def in_line(parts: Parts, run_id: str) -> list[str]:
    """The runs to be tried, in this order, when one is announced: those that were interrupted go first.

    They have waited before, and their own message went to the end of the queue.
    """
    with parts.db.reading() as tx:
        first = job_rows.interrupted(tx, RUNS, _INTERRUPTED_FIRST)
    return [*(other for other in first if other != run_id), run_id]


def heartbeat(parts: Parts, lease: Lease) -> Order | None:
    """Prolong the lease, count the time; the order that stands. Raises LeaseLost."""
    with parts.db.transaction() as tx:
        return renew(tx, RUNS, lease, parts.settings.clocks.lease_s)


def record_plan(parts: Parts, lease: Lease, plan: Plan, *, max_runtime_s: float | None = None) -> None:
    """Keep the plan for this and all later attempts, and the budget if the device chose it. Raises LeaseLost."""
    values: dict[str, Any] = {"plan": plan.model_dump(mode="json"), "steps": plan.steps}
    if max_runtime_s is not None:
        values["max_runtime_s"] = max_runtime_s
    with parts.db.transaction() as tx:
        run = held(tx, RUNS, lease)
        leases.write(tx, RUNS, lease.run_id, lease.token, values)
        said = {"steps": plan.steps, "batch_size": plan.batch_size}
        events.add(tx, lease.run_id, "planned", {"attempt": lease.attempt, **said, **origin_of(run)})


def record_progress(parts: Parts, lease: Lease, progress: Progress) -> None:
    """Keep how far the run is. Raises LeaseLost."""
    values = {"step": progress.step, "steps": progress.steps, "epoch": progress.epoch, "eta_s": progress.eta_s}
    with parts.db.transaction() as tx:
        if not leases.write(tx, RUNS, lease.run_id, lease.token, values):
            raise lost(RUNS, lease)


def record_peak(parts: Parts, lease: Lease, peak_bytes: int) -> None:
    """Keep the most memory that this attempt was seen with. Raises LeaseLost."""
    with parts.db.transaction() as tx:
        held(tx, RUNS, lease)
        attempts.peaked(tx, lease.run_id, lease.attempt, peak_bytes)


def record_disk(parts: Parts, lease: Lease, disk: Disk) -> None:
    """Tell the run's events that the room for its checkpoints becomes little. Raises LeaseLost."""
    with parts.db.transaction() as tx:
        held(tx, RUNS, lease)
        data = {"place": disk.place, "free_bytes": disk.free_bytes, "detail": disk.words}
        events.add(tx, lease.run_id, f"disk_{disk.state}", data)


def record_points(parts: Parts, lease: Lease, new: Sequence[Point]) -> None:
    """Keep metric values; what is known already (a resumed run repeats some) is dropped.

    Raises LeaseLost, and ValueError for a value that is no finite number: a metric that is undefined is left out.
    """
    values = [_point_values(point) for point in new]
    with parts.db.transaction() as tx:
        run = held(tx, RUNS, lease)
        last = points.add(tx, run.id, run.last_cursor, values)
        if last > run.last_cursor:
            leases.write(tx, RUNS, run.id, lease.token, {"last_cursor": last})


def record_checkpoint(parts: Parts, lease: Lease, saved: Saved, blob: Blob) -> list[str]:
    """Let a stored checkpoint exist for others; the keys of the blobs that are of no use any more. Raises LeaseLost.

    The blobs may be deleted once this has returned. A checkpoint farther than all before clears the count of failures.
    """
    values = {
        "run_id": lease.run_id,
        "kind": saved.kind,
        "step": saved.step,
        "attempt": lease.attempt,
        "key": blob.key,
        "digest": blob.digest,
        "size_bytes": blob.size_bytes,
        "average": saved.average,
        "metrics": {target: dict(metrics) for target, metrics in saved.metrics.items()},
    }
    with parts.db.transaction() as tx:
        run = held(tx, RUNS, lease)
        dropped = keep_checkpoint(tx, run, values)
        best = checkpoints.best(tx, run.id)
        changes: dict[str, Any] = {"best": best_of(best[0]) if best else None}
        if saved.step > run.saved_step:
            changes |= {"saved_step": saved.step, "failures": 0}
        leases.write(tx, RUNS, run.id, lease.token, changes)
    return dropped


def resume_point(parts: Parts, lease: Lease) -> ResumePoint | None:
    """Where to go on: the newest resume checkpoint whose blob is whole; None to begin anew. Raises LeaseLost.

    It is noted in the attempt.
    """
    with parts.db.reading() as tx:
        rows = checkpoints.resumes(tx, lease.run_id)
    found = next((row for row in rows if is_whole(parts.storage, row)), None)
    with parts.db.transaction() as tx:
        held(tx, RUNS, lease)
        if found is None:
            return None
        attempts.resumed(tx, lease.run_id, lease.attempt, found.step)
    return ResumePoint(found.step, parts.storage.local(found.key))


def finish(parts: Parts, lease: Lease, end: JobEnd) -> None:
    """End the run for good. Raises LeaseLost."""
    with parts.db.transaction() as tx:
        run = held(tx, RUNS, lease)
        changes = leases.released(tx, RUNS, counted=True)
        changes |= {"stopped": end.stopped, "error": None if end.error is None else end.error.to_json()}
        transition(tx, run, Status(end.status), data={"reason": end.reason, "stopped": end.stopped}, changes=changes)
        attempts.close(tx, run.id, lease.attempt, end.reason)
        if end.status == "succeeded" and (said := verdict_of(run, end.stopped)):
            data = {"attempt": lease.attempt, "detail": "; ".join(said), **origin_of(run)}
            events.add(tx, run.id, "no_better_than_guessing", data)


def hand_back(
    parts: Parts,
    lease: Lease,
    reason: Literal["handed_back", "oom", "error", "lost"],
    error: JobError | None = None,
) -> Status:
    """Let go of a run that is not done: it is queued again, to go on from its last checkpoint.

    A run that is being cancelled is cancelled instead, one that is being paused is paused; one that failed (any reason
    but handed_back) too often without a new checkpoint fails with `error`. The status that came of it. Raises
    LeaseLost.
    """
    with parts.db.transaction() as tx:
        run = held(tx, RUNS, lease)
        status = give_up(tx, run, reason, error, max_attempts=parts.settings.clocks.max_attempts, counted=True)
    if status == Status.QUEUED:
        parts.broker.announce(lease.run_id)
    return status


def _point_values(point: Point) -> dict[str, Any]:
    if not math.isfinite(point.value):
        raise ValueError(f"{point.name} of {point.split} at step {point.step} is {point.value}; leave it out")
    return {
        "step": point.step,
        "epoch": point.epoch,
        "split": point.split,
        "target": point.target or "",
        "name": point.name,
        "value": point.value,
    }


def _lease(run: RunRow, token: str) -> Lease:
    return Lease(
        run_id=run.id,
        token=token,
        attempt=run.attempt,
        worker=run.worker or "",
        form="short" if run.form == "short" else "full",
        config=run.config,
        dataset_key=storage_key(run.dataset_digest),
        plan_request=run.plan_request,
        plan=run.plan,
        max_runtime_s=run.max_runtime_s,
        used_s=run.used_s,
        origin=Origin.of(run.traceparent, run.request_id),
    )
