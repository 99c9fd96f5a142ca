"""Takes jobs back from workers that vanished, and announces again what no worker heard of. Its one duty."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any, Generic, Literal

from app.broker import BrokerError, Queue
from app.db import jobs as job_rows
from app.db import leases, reaper_actions
from app.db.jobs import PREDICTIONS, RUNS, Jobs, Row
from app.parts import Parts
from app.services.jobs.states import Status
from app.services.predictions import failures as of_predictions
from app.services.runs import failures as of_runs
from app.tracing import Origin, about

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReapAction:
    """What the reaper did with one job, and the queue that jobs of its kind wait in."""

    job_id: str
    action: Literal["queued", "failed", "cancelled", "paused", "announced"]
    queue: Queue = Queue.RUNS


@dataclass(frozen=True, slots=True)
class _Kind(Generic[Row]):
    """One kind of job: its rows, its queue, and what ends an attempt at one."""

    jobs: Jobs[Row]
    queue: Queue
    give_up: Callable[..., Status]


_KINDS: tuple[_Kind[Any], ...] = (
    _Kind(RUNS, Queue.RUNS, of_runs.give_up),
    _Kind(PREDICTIONS, Queue.PREDICTIONS, of_predictions.give_up),
)


def reap(parts: Parts) -> list[ReapAction]:
    """Look once at every kind of job. Safe to run anywhere, as often as wanted, in many processes at a time.

    Fewer messages than queued jobs: some were lost. Nobody knows whose, so every job is announced again that was not
    lately; a message too many costs nothing. There are then at most twice as many messages as queued jobs, and no
    further ones until workers have taken the surplus: the queue cannot grow without limit.
    """
    return [action for kind in _KINDS for action in _reap(parts, kind)]


def reap_until(stopping: Event, parts: Parts) -> None:
    """Look every reaper_s seconds. A failure is logged and tried again; one that stays the same is said once."""
    said = ""
    while not stopping.wait(parts.settings.clocks.reaper_s):
        try:
            reap(parts)
            said = ""
        except Exception as error:
            words = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
            if words != said:
                log.warning("the reaper could not look, and tries again: %s", words, exc_info=said == "")
            said = words


def _reap(parts: Parts, kind: _Kind[Any]) -> list[ReapAction]:
    clocks, jobs = parts.settings.clocks, kind.jobs
    messages = _messages(parts, kind.queue)
    taken: list[tuple[Any, ReapAction]] = []
    with parts.db.transaction() as tx:
        lost = messages is not None and messages < job_rows.count_queued(tx, jobs)
        leases.redate(tx, jobs)
        for job in leases.expired(tx, jobs):
            status = kind.give_up(tx, job, "lost", None, max_attempts=clocks.max_attempts, counted=False)
            taken.append((job, ReapAction(job.id, _ACTION[status], kind.queue)))
        if lost:
            late = job_rows.unannounced(tx, jobs, clocks.announce_s)
            taken += [(job, ReapAction(job.id, "announced", kind.queue)) for job in late]
        reaper_actions.count(tx, kind.queue, Counter(done.action for _, done in taken))
    for job, done in taken:
        with about(Origin.of(job.traceparent, job.request_id), **{jobs.noun: job.id, "attempt": job.attempt}):
            log.info("reaper: %s %s", done.job_id, _SAID[done.action], extra={"fields": {"action": done.action}})
            if done.action in ("queued", "announced"):
                parts.broker.announce(done.job_id, kind.queue)
    return [done for _, done in taken]


_SAID = {
    "queued": "lost its worker and is queued again",
    "failed": "lost its worker once too often and has failed",
    "cancelled": "lost its worker while it was being cancelled, and is",
    "paused": "lost its worker while it was being paused, and is",
    "announced": "waits and is announced again",
}


_ACTION: dict[Status, Literal["queued", "failed", "cancelled", "paused"]] = {
    Status.QUEUED: "queued",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
    Status.PAUSED: "paused",
}


def _messages(parts: Parts, queue: Queue) -> int | None:
    """How many messages wait in a queue; None when the broker does not say."""
    try:
        return parts.broker.depth(queue)
    except BrokerError:
        return None
