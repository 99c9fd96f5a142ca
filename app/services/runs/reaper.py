"""Takes runs back from workers that vanished, and announces again what no worker heard of. Its one duty."""

from dataclasses import dataclass
from typing import Literal

from app.broker import BrokerError
from app.db import leases, runs
from app.parts import Parts
from app.services.runs.failures import give_up
from app.services.runs.states import Status


@dataclass(frozen=True, slots=True)
class ReapAction:
    """What the reaper did with one run."""

    run_id: str
    action: Literal["queued", "failed", "cancelled", "announced"]


def reap(parts: Parts) -> list[ReapAction]:
    """Look once. Safe to run anywhere, as often as wanted, in many processes at a time."""
    clocks = parts.settings.clocks
    nobody_waits = _nobody_waits(parts)
    actions: list[ReapAction] = []
    with parts.db.transaction() as tx:
        for run in leases.expired(tx):
            status = give_up(tx, run, "lost", None, max_attempts=clocks.max_attempts, counted=False)
            actions.append(ReapAction(run.id, _ACTION[status]))
        if nobody_waits:
            late = runs.unannounced(tx, clocks.announce_s)
            actions += [ReapAction(run.id, "announced") for run in late]
    for done in actions:
        if done.action in ("queued", "announced"):
            parts.broker.announce(done.run_id)
    return actions


_ACTION: dict[Status, Literal["queued", "failed", "cancelled"]] = {
    Status.QUEUED: "queued",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
}


def _nobody_waits(parts: Parts) -> bool:
    """Whether the queue is known to be empty, so that a queued run's message must be lost."""
    try:
        return parts.broker.depth() == 0
    except BrokerError:
        return False
