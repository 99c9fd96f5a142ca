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
    """Look once. Safe to run anywhere, as often as wanted, in many processes at a time.

    Fewer messages than queued runs: some were lost. Nobody knows whose, so every run is announced again that was not
    lately; a message too many costs nothing. There are then at most twice as many messages as queued runs, and no
    further ones until workers have taken the surplus: the queue cannot grow without limit.
    """
    clocks = parts.settings.clocks
    messages = _messages(parts)
    actions: list[ReapAction] = []
    with parts.db.transaction() as tx:
        lost = messages is not None and messages < runs.count_queued(tx)
        for run in leases.expired(tx):
            status = give_up(tx, run, "lost", None, max_attempts=clocks.max_attempts, counted=False)
            actions.append(ReapAction(run.id, _ACTION[status]))
        if lost:
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


def _messages(parts: Parts) -> int | None:
    """How many messages wait in the queue; None when the broker does not say."""
    try:
        return parts.broker.depth()
    except BrokerError:
        return None
