"""What becomes of a run whose attempt ended before the run did."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from app.db import attempts, leases
from app.db.engine import Transaction
from app.db.tables.runs import RunRow
from app.services.runs.states import Status, transition

Reason = Literal["handed_back", "lost", "oom", "error"]


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run failed: a slug, a few words, and what a user can do about it."""

    type: str
    title: str
    detail: str

    def to_json(self) -> dict[str, Any]:
        """As it stands in the run's row."""
        return asdict(self)


def give_up(
    tx: Transaction, run: RunRow, reason: Reason, error: RunError | None, *, max_attempts: int, counted: bool
) -> Status:
    """Close the present attempt of a run that this transaction holds; the status the run has now.

    queued, to be announced after the commit; cancelled, when that was asked for; failed, when this was one failure
    too many since the last new checkpoint, or the second time in a row that memory did not suffice. `counted`: the
    time since the last heartbeat was really spent.
    """
    cancelled = run.status == Status.CANCELLING
    attempts.close(tx, run.id, run.attempt, "cancelled" if cancelled and reason == "handed_back" else reason)
    failures = run.failures + (reason != "handed_back")
    changes = {"failures": failures, **leases.released(tx, counted=counted)}
    if cancelled:
        to = Status.CANCELLED
    elif failures >= max_attempts:
        to = Status.FAILED
        changes["error"] = _with(error or _WORKER_LOST, _TOO_OFTEN.format(failures, max_attempts)).to_json()
    elif reason == "oom" and failures > 1 and attempts.reason_of(tx, run.id, run.attempt - 1) == "oom":
        to = Status.FAILED
        changes["error"] = _with(error or _WORKER_LOST, _AGAIN_OOM).to_json()
    else:
        to = Status.QUEUED
    transition(tx, run, to, data={"reason": reason}, changes=changes)
    return to


def _with(error: RunError, more: str) -> RunError:
    return RunError(error.type, error.title, f"{error.detail.rstrip('.')}. {more}")


_TOO_OFTEN = "Failure {} since the last new checkpoint, {} at most."
_AGAIN_OOM = "Twice in a row without a new checkpoint: the same plan needs the same memory each time."
_WORKER_LOST = RunError(
    type="worker_lost",
    title="The worker was lost",
    detail="The worker that trained this run vanished: killed, out of memory, or cut off from the database.",
)
