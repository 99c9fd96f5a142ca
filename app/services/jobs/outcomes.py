"""How a job or an attempt at it ends, and what becomes of a job whose attempt ended before it did."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from app.db import leases
from app.db.engine import Transaction
from app.db.jobs import Jobs, Row
from app.services.jobs.states import Status

Reason = Literal["handed_back", "lost", "oom", "error"]


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed: a slug, a few words, and what a user can do about it."""

    type: str
    title: str
    detail: str

    def to_json(self) -> dict[str, Any]:
        """As it stands in the job's row."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended for good; `reason` is that of the attempt, `stopped` why training ended before its last step."""

    status: Literal["succeeded", "failed", "cancelled"]
    reason: Literal["finished", "cancelled", "error", "oom", "lost"]
    error: JobError | None = None
    stopped: str | None = None


def after_failure(
    tx: Transaction,
    jobs: Jobs[Row],
    job: Row,
    reason: Reason,
    error: JobError | None,
    *,
    max_attempts: int,
    counted: bool,
    final: str | None = None,
) -> tuple[Status, dict[str, Any]]:
    """The status that a job takes on when its attempt breaks off, and what changes in its row.

    queued, to be announced after the commit; cancelled or paused, when that was asked for; failed, when this was one
    failure too many since something new was kept, or for the reason `final`. `counted`: the time since the last
    heartbeat was really spent.
    """
    failures = job.failures + (reason != "handed_back")
    changes = {"failures": failures, **leases.released(tx, jobs, counted=counted)}
    if job.status in _ORDERED:
        return _ORDERED[Status(job.status)], changes
    if failures >= max_attempts:
        final = f"Failure {failures} since {_KEPT[jobs.noun]}, {max_attempts} at most (OCTET_MAX_ATTEMPTS)."
    if final is None:
        return Status.QUEUED, changes
    why = error or _worker_lost(jobs.noun)
    return Status.FAILED, changes | {
        "error": JobError(why.type, why.title, f"{why.detail.rstrip('.')}. {final}").to_json()
    }


_ORDERED = {Status.CANCELLING: Status.CANCELLED, Status.PAUSING: Status.PAUSED}
_KEPT = {"run": "the last new checkpoint", "prediction": "the last new part of the result"}


def _worker_lost(noun: str) -> JobError:
    return JobError(
        type="worker_lost",
        title="The worker was lost",
        detail=f"The worker that held this {noun} vanished: killed, out of memory, or cut off from the database. "
        "The logs of the worker and of its machine say which; mend that, or ask for less, and submit it again.",
    )
