"""One lease from its start to its end, whatever the work: start the child, hear it, stop it when told, say the end."""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Protocol

from app.parts import Parts
from app.services.jobs.lease import Holder, LeaseLost, Order
from app.services.jobs.outcomes import JobEnd
from models.memory import killed_for_memory, left_for_training
from models.training.report import Outcome
from worker.child_process import ChildProcess, last_words
from worker.endings import Evidence, HandBack, StopFor, Work, broken_off, ending_of, out_of_time
from worker.lease_keeper import LeaseKeeper
from worker.messages import Failed, Message, Results
from worker.record import persist
from worker.shutdown import Shutdown
from worker.workspace import Workspace

TICK_S = 0.2

log = logging.getLogger(__name__)


class Recorder(Protocol):
    """Writes down what a child says, under the lease."""

    last_word: Outcome | Results | Failed | None

    def take(self, message: Message) -> None:
        """Write a message down, or keep it for the next flush. Raises LeaseLost and OSError."""

    def flush(self, *, last: bool = False) -> None:
        """Write what was gathered. Raises LeaseLost."""


class LeasedWork(ABC):
    """The holder of one lease. `run` returns when the lease is given back, or lost.

    work: what the child does. log_key: where the log of an attempt at a job of this kind is stored. A job that has a
    limit of time sets _limit_s, all attempts together, and _overrun_at, when on the monotonic clock it is over.
    _memory_limit: bytes that the child and all it starts may hold; None where the machine does not tell.
    """

    def __init__(
        self, parts: Parts, lease: Holder, shutdown: Shutdown, work: Work, log_key: Callable[[str, int], str]
    ) -> None:
        self._parts = parts
        self._holds = lease
        self._shutdown = shutdown
        self._work = work
        self._log_key = log_key
        self._clocks = parts.settings.clocks
        self._child: ChildProcess | None = None
        self._limit_s = self._overrun_at = inf
        self._memory_limit = parts.settings.worker.train_memory_bytes or left_for_training()

    def run(self) -> None:
        """Carry the attempt out."""
        clocks = self._clocks
        with LeaseKeeper(
            self._renew, heartbeat_s=clocks.heartbeat_s, lease_s=clocks.lease_s, on_lost=self._cut
        ) as keeper:
            try:
                ending = self._carry_out(keeper)
                keeper.stop()
                persist(lambda: self._settle(ending), for_s=clocks.lease_s)
            except LeaseLost as lost:
                log.warning("%s; it stops here", lost)

    @abstractmethod
    def _renew(self) -> Order | None:
        """One heartbeat: what people ordered. Raises LeaseLost."""

    @abstractmethod
    def _start(self, space: Workspace) -> ChildProcess:
        """Write the assignment, start the child. Raises LeaseLost."""

    @abstractmethod
    def _recorder(self) -> Recorder:
        """Who writes down what this child says."""

    @abstractmethod
    def _meanwhile(self) -> None:
        """What else there is to write while the child works; called several times a second. Raises LeaseLost."""

    @abstractmethod
    def _settle(self, ending: JobEnd | HandBack) -> None:
        """Give the lease back with what came of it."""

    def _cut(self) -> None:
        """Without authority, the work stops at once; called by the keeper's thread, too."""
        if self._child is not None:
            self._child.kill()

    def _carry_out(self, keeper: LeaseKeeper) -> JobEnd | HandBack:
        """From the assignment to the child's end. Raises LeaseLost."""
        holds = self._holds
        space = Workspace.of(self._parts.settings, holds.job_id, holds.attempt, self._log_key)
        try:
            space.prepare(self._parts.storage)
            self._child = self._start(space)
            return self._follow(self._child, space, keeper)
        except LeaseLost:
            raise
        except Exception as error:
            self._demand(keeper)  # what fails because authority is lost is no fault of the job
            log.exception("%s of %s, attempt %d broke off", self._work, holds.job_id, holds.attempt)
            return broken_off(error)
        finally:
            if self._child is not None:
                self._child.close()
            if not keeper.lost:  # who has lost the job writes nothing more, no log either
                with suppress(OSError):
                    space.keep_log(self._parts.storage)  # to its last word
            space.remove()

    def _follow(self, child: ChildProcess, space: Workspace, keeper: LeaseKeeper) -> JobEnd | HandBack:
        """Hear the child until it is gone, and pass orders on to it."""
        record = self._recorder()
        said = space.shared_log(self._parts.storage)
        starved = killed_for_memory()
        ordered: StopFor | None = None
        stop_by = inf
        while not child.ended():
            self._demand(keeper)
            for message in child.messages(TICK_S):
                self._demand(keeper)  # a process that was stopped meanwhile finds a full pipe, and the run with another
                record.take(message)
            self._demand(keeper)
            record.flush()
            said.share()
            self._meanwhile()
            if ordered is None and (ordered := self._order(keeper)) is not None:
                child.stop()
                stop_by = time.monotonic() + self._clocks.grace_s
            if time.monotonic() >= min(stop_by, self._overrun_at):
                child.kill()
        code = child.exit_code()
        record.flush(last=True)
        if record.last_word is None and ordered is None and time.monotonic() >= self._overrun_at:
            return out_of_time(self._limit_s)
        starved = killed_for_memory() > starved
        log_end, peak = last_words(space.log), child.peak_bytes
        found = Evidence(record.last_word, code, starved, log_end, peak, self._work, self._memory_limit)
        return ending_of(found, ordered)

    def _demand(self, keeper: LeaseKeeper) -> None:
        """Raises LeaseLost without authority."""
        if keeper.lost:
            raise LeaseLost(f"{self._holds.job_id}: attempt {self._holds.attempt} could not renew its lease")

    def _order(self, keeper: LeaseKeeper) -> StopFor | None:
        if keeper.order is not None:
            return keeper.order
        return "shutdown" if self._shutdown.requested() else None
