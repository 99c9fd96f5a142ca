"""A worker's side of a prediction: take it, keep it, and write what happens, all of it only while the lease is held."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.broker import Queue
from app.db import jobs as job_rows
from app.db import leases, predictions
from app.db.jobs import PREDICTIONS
from app.db.tables.predictions import PartRow, PredictionRow
from app.parts import Parts
from app.services.datasets.view import storage_key
from app.services.jobs.lease import Order, held, lost, renew
from app.services.jobs.outcomes import JobEnd, JobError, Reason
from app.services.jobs.states import Status, change
from app.services.predictions.failures import give_up
from app.services.predictions.keys import Form
from app.storage import Blob, digest_of
from app.tracing import Origin


@dataclass(frozen=True, slots=True)
class PredictionLease:
    """The authority to carry out a prediction, and all that is needed to do it."""

    job_id: str
    token: str
    attempt: int
    worker: str
    run_id: str | None
    checkpoint_key: str
    checkpoint_digest: str
    dataset_key: str  # in storage: the folder of the pack
    files: int
    origin: Origin  # this attempt, as a part of what the request began that made the prediction


@dataclass(frozen=True, slots=True)
class KnownPart:
    """A part of the result that earlier attempts made; its digest was compared with its bytes."""

    first: int
    rows: int
    path: Path


_INTERRUPTED_FIRST = 100


def acquire(parts: Parts, prediction_id: str, worker: str) -> PredictionLease | None:
    """Take a queued prediction; None when there is nothing to take: unknown, ended, or held by somebody."""
    token = secrets.token_hex(16)
    with parts.db.transaction() as tx:
        row = job_rows.lock(tx, PREDICTIONS, prediction_id)
        if row is None or row.status != Status.QUEUED:
            return None
        granted = leases.granted(tx, PREDICTIONS, token, worker, parts.settings.clocks.lease_s)
        return _lease(change(tx, PREDICTIONS, row, Status.RUNNING, granted), token)


def in_line(parts: Parts, prediction_id: str) -> list[str]:
    """The predictions to be tried, in this order, when one is announced: those that were interrupted go first."""
    with parts.db.reading() as tx:
        first = job_rows.interrupted(tx, PREDICTIONS, _INTERRUPTED_FIRST)
    return [*(other for other in first if other != prediction_id), prediction_id]


def heartbeat(parts: Parts, lease: PredictionLease) -> Order | None:
    """Prolong the lease, count the time; the order that stands. Raises LeaseLost."""
    with parts.db.transaction() as tx:
        return renew(tx, PREDICTIONS, lease, parts.settings.clocks.lease_s)


def known_parts(parts: Parts, lease: PredictionLease) -> list[KnownPart]:
    """What earlier attempts made, from the first file on without a gap; what is damaged is made again.

    Raises LeaseLost.
    """
    with parts.db.reading() as tx:
        rows = predictions.parts_of(tx, lease.job_id)
    whole: list[KnownPart] = []
    done = 0
    for row in rows:
        if row.first != done or not _is_whole(parts, row):
            break
        whole.append(KnownPart(row.first, row.rows, parts.storage.local(row.key)))
        done += row.rows
    with parts.db.transaction() as tx:
        held(tx, PREDICTIONS, lease)
        predictions.remove_parts(tx, lease.job_id, from_first=done)
        leases.write(tx, PREDICTIONS, lease.job_id, lease.token, {"done": done})
    return whole


def record_done(parts: Parts, lease: PredictionLease, done: int, eta_s: float | None) -> None:
    """Keep how far the prediction is. Raises LeaseLost."""
    with parts.db.transaction() as tx:
        if not leases.write(tx, PREDICTIONS, lease.job_id, lease.token, {"done": done, "eta_s": eta_s}):
            raise lost(PREDICTIONS, lease)


def record_part(parts: Parts, lease: PredictionLease, first: int, rows: int, blob: Blob) -> None:
    """Let a stored part exist for later attempts; it clears the count of failures. Raises LeaseLost."""
    with parts.db.transaction() as tx:
        held(tx, PREDICTIONS, lease)
        predictions.remove_parts(tx, lease.job_id, from_first=first)  # a write that was repeated after its commit
        predictions.add_part(
            tx,
            {"prediction_id": lease.job_id, "first": first, "rows": rows, "key": blob.key, "digest": blob.digest},
        )
        leases.write(tx, PREDICTIONS, lease.job_id, lease.token, {"failures": 0})


def finish(parts: Parts, lease: PredictionLease, end: JobEnd, results: Mapping[Form, Blob] | None = None) -> None:
    """End the prediction for good; the parts go, when its result is there or it will never be. Raises LeaseLost."""
    with parts.db.transaction() as tx:
        row = held(tx, PREDICTIONS, lease)
        changes = leases.released(tx, PREDICTIONS, counted=True)
        changes["error"] = None if end.error is None else end.error.to_json()
        if results is not None:
            changes |= {"results": {form: _stored(blob) for form, blob in results.items()}, "done": row.files}
        change(tx, PREDICTIONS, row, Status(end.status), changes)
        keys = predictions.remove_parts(tx, lease.job_id)
    for key in keys:
        parts.storage.delete(key)


def hand_back(parts: Parts, lease: PredictionLease, reason: Reason, error: JobError | None = None) -> Status:
    """Let go of a prediction that is not done: it is queued again, to go on behind its last part.

    One that is being cancelled is cancelled instead; one that failed too often without a new part fails with `error`.
    The status that came of it. Raises LeaseLost.
    """
    with parts.db.transaction() as tx:
        row = held(tx, PREDICTIONS, lease)
        status = give_up(tx, row, reason, error, max_attempts=parts.settings.clocks.max_attempts, counted=True)
    if status == Status.QUEUED:
        parts.broker.announce(lease.job_id, Queue.PREDICTIONS)
    return status


def _is_whole(parts: Parts, row: PartRow) -> bool:
    return parts.storage.exists(row.key) and digest_of(parts.storage.local(row.key))[0] == row.digest


def _stored(blob: Blob) -> dict[str, Any]:
    return {"key": blob.key, "digest": blob.digest, "size_bytes": blob.size_bytes}


def _lease(row: PredictionRow, token: str) -> PredictionLease:
    return PredictionLease(
        job_id=row.id,
        token=token,
        attempt=row.attempt,
        worker=row.worker or "",
        run_id=row.run_id,
        checkpoint_key=row.checkpoint_key,
        checkpoint_digest=row.checkpoint_digest,
        dataset_key=storage_key(row.dataset_digest),
        files=row.files,
        origin=Origin.of(row.traceparent, row.request_id),
    )
