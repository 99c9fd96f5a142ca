"""Writes down what a training process says, in the order in which it says it, as long as the lease holds."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from app.errors import Busy, DomainError
from app.parts import Parts
from app.services.disk import fullest
from app.services.jobs.lease import LeaseLost
from app.services.runs.keys import checkpoint_key
from app.services.runs.lease import Lease, record_checkpoint, record_disk, record_plan, record_points, record_progress
from models.training.report import Outcome, Plan, Point, Progress, Saved
from worker.messages import Failed, Message, Points, Results

PROGRESS_EVERY_S = 1.0
DISK_EVERY_S = 10.0
RETRY_EVERY_S = 0.5

T = TypeVar("T")
log = logging.getLogger(__name__)


class Record:
    """One attempt's writer. Points and progress are gathered between two calls of flush; order is kept.

    last_word: how the child said it ended, once it did. planned: calls back with the plan that is carried out.
    """

    def __init__(self, parts: Parts, lease: Lease, planned: Callable[[Plan], float | None]) -> None:
        self._parts = parts
        self._lease = lease
        self._planned = planned
        self._points: list[Point] = []
        self._progress: Progress | None = None
        self._progress_due = 0.0
        self._disk_due = 0.0
        self._disk_said = "ok"
        self.last_word: Outcome | Results | Failed | None = None

    def take(self, message: Message) -> None:
        """Write a message down, or keep it for the next flush. Raises LeaseLost and OSError (WrongDigest)."""
        match message:
            case Points():
                self._points += message.points
            case Progress():
                self._progress = message
            case Plan():
                self._plan(message)
            case Saved():
                self.flush()
                self._checkpoint(message)
            case Outcome() | Failed():
                self.last_word = message

    def flush(self, *, last: bool = False) -> None:
        """Write what was gathered: points always, progress once a second (and at the last). Raises LeaseLost."""
        if self._points:
            points, self._points = self._points, []
            self._persist(lambda: record_points(self._parts, self._lease, points))
        if (progress := self._progress) is not None and (last or time.monotonic() >= self._progress_due):
            self._persist(lambda: record_progress(self._parts, self._lease, progress))
            self._progress = None
            self._progress_due = time.monotonic() + PROGRESS_EVERY_S
        self._look_at_disk()

    def _look_at_disk(self) -> None:
        """Tell the run that its disk becomes full before a checkpoint does not fit: once, and again when it worsens."""
        if time.monotonic() < self._disk_due:
            return
        self._disk_due = time.monotonic() + DISK_EVERY_S
        disk = fullest(self._parts.settings)
        if disk.state in ("ok", self._disk_said):
            return
        log.warning("run %s: %s", self._lease.run_id, disk.words)
        self._disk_said = disk.state
        with suppress(OSError, Busy):  # the database's disk may be the one that is full
            record_disk(self._parts, self._lease, disk)

    def _plan(self, plan: Plan) -> None:
        max_runtime_s = self._planned(plan)
        if self._lease.plan is None:
            self._persist(lambda: record_plan(self._parts, self._lease, plan, max_runtime_s=max_runtime_s))

    def _checkpoint(self, saved: Saved) -> None:
        """Store a file, then record it: only then does it exist for others. An unrecorded blob harms nobody."""
        key = checkpoint_key(self._lease.run_id, saved.kind, saved.step, saved.digest)
        blob = self._parts.storage.put(key, saved.path, digest=saved.digest)
        outdated = self._persist(lambda: record_checkpoint(self._parts, self._lease, saved, blob))
        for old in outdated:
            self._parts.storage.delete(old)
        saved.path.unlink(missing_ok=True)

    def _persist(self, write: Callable[[], T]) -> T:
        return persist(write, for_s=self._parts.settings.clocks.lease_s)


def persist(write: Callable[[], T], *, for_s: float) -> T:
    """Call until it succeeds, for so long at most: a database that is away for seconds must not cost an attempt.

    Every write is fenced and may be repeated. Raises LeaseLost, and DomainError but Busy, at once; anything else in the
    end.
    """
    until = time.monotonic() + for_s
    while True:
        try:
            return write()
        except Exception as error:
            final = isinstance(error, LeaseLost | DomainError) and not isinstance(error, Busy)
            if final or time.monotonic() >= until:
                raise
            log.warning("writing failed, trying again: %s", error)
            time.sleep(RETRY_EVERY_S)
