"""One attempt at a run: start the training process, write down what it says, stop it when told, say how it ended."""

import logging
import time
from collections.abc import Set
from contextlib import suppress
from math import inf
from typing import Literal

from app.parts import Parts
from app.services.jobs.lease import LeaseLost
from app.services.jobs.outcomes import JobEnd
from app.services.runs.lease import Lease, finish, hand_back, heartbeat, resume_point
from models.config import SHORT_FORM_BUDGET_S
from models.memory import killed_for_memory
from models.training.report import Plan, longest_s
from worker.child_process import ChildProcess, last_words
from worker.devices import Device
from worker.endings import Evidence, HandBack, broken_off, ending_of, out_of_time
from worker.lease_keeper import LeaseKeeper
from worker.messages import Assignment, Failed
from worker.record import Record, persist
from worker.shutdown import Shutdown
from worker.workspace import Workspace

TICK_S = 0.2

log = logging.getLogger(__name__)


class Attempt:
    """The holder of one lease. `run` returns when the lease is given back, or lost.

    devices: what training may use here. device_missing: whether the one of the run's plan turned out not to be there.
    """

    def __init__(self, parts: Parts, lease: Lease, shutdown: Shutdown, devices: Set[Device]) -> None:
        self._parts = parts
        self._lease = lease
        self._shutdown = shutdown
        self._devices = devices
        self.device_missing = False
        self._clocks = parts.settings.clocks
        self._child: ChildProcess | None = None
        self._began = time.monotonic()
        self._limit_s, self._overrun_at = self._overrun(self._budget("cpu"))

    def run(self) -> None:
        """Carry the attempt out."""
        clocks = self._clocks
        with LeaseKeeper(
            self._renew, heartbeat_s=clocks.heartbeat_s, lease_s=clocks.lease_s, on_lost=self._cut
        ) as keeper:
            try:
                ending = self._train(keeper)
                keeper.stop()
                persist(lambda: self._settle(ending), for_s=clocks.lease_s)
            except LeaseLost as lost:
                log.warning("%s; it stops here", lost)

    def _renew(self) -> bool:
        return heartbeat(self._parts, self._lease).cancel

    def _cut(self) -> None:
        """Without authority, training stops at once; called by the keeper's thread, too."""
        if self._child is not None:
            self._child.kill()

    def _train(self, keeper: LeaseKeeper) -> JobEnd | HandBack:
        """From the assignment to the child's end. Raises LeaseLost."""
        space = Workspace.of(self._parts.settings, self._lease.run_id, self._lease.attempt)
        try:
            space.prepare(self._parts.storage)
            assignment = self._assignment(space)
            space.write_assignment(assignment)
            self._child = self._start(space, assignment)
            return self._follow(self._child, space, keeper)
        except LeaseLost:
            raise
        except Exception as error:
            log.exception("run %s, attempt %d broke off", self._lease.run_id, self._lease.attempt)
            return broken_off(error)
        finally:
            if self._child is not None:
                self._child.close()
            with suppress(OSError):
                space.keep_log(self._parts.storage)
            space.remove()

    def _assignment(self, space: Workspace) -> Assignment:
        """What the child is told. Raises LeaseLost."""
        lease, settings = self._lease, self._parts.settings.worker
        resume = resume_point(self._parts, lease)
        plan = None if lease.plan is None else Plan.model_validate(lease.plan)
        request = dict(lease.plan_request or {})
        if settings.train_threads and not request.get("threads"):
            request["threads"] = settings.train_threads
        return Assignment(
            run_id=lease.run_id,
            attempt=lease.attempt,
            config=lease.config,
            dataset=self._parts.storage.local(lease.dataset_key),
            folder=space.checkpoints,
            plan=plan,
            plan_request=request or None,
            budget_s={"cpu": self._left("cpu"), "cuda": self._left("cuda")},
            resume=None if resume is None else resume.path,
            nice=settings.train_nice,
        )

    def _start(self, space: Workspace, given: Assignment) -> ChildProcess:
        asked = given.plan.threads if given.plan else (given.plan_request or {}).get("threads")
        return ChildProcess(space.assignment, space.log, threads=asked, gpu="cuda" in self._devices)

    def _budget(self, device: Device) -> float | None:
        """Seconds for all attempts together; None is no limit."""
        if self._lease.max_runtime_s is None and self._lease.form == "short":
            return SHORT_FORM_BUDGET_S[device]
        return self._lease.max_runtime_s

    def _left(self, device: Device) -> float | None:
        budget = self._budget(device)
        return None if budget is None else budget - self._lease.used_s

    def _planned(self, plan: Plan) -> float | None:
        """The device is known now: from here on, the clock runs against its budget."""
        budget = self._budget(plan.device)
        self._limit_s, self._overrun_at = self._overrun(budget)
        return budget

    def _overrun(self, budget: float | None) -> tuple[float, float]:
        """Seconds that all attempts may take at the very most, and when on the monotonic clock they are over."""
        limit_s = inf if budget is None else longest_s(budget)
        return limit_s, self._began + limit_s - self._lease.used_s

    def _follow(self, child: ChildProcess, space: Workspace, keeper: LeaseKeeper) -> JobEnd | HandBack:
        """Hear the child until it is gone, and pass orders on to it."""
        record = Record(self._parts, self._lease, self._planned)
        starved = killed_for_memory()
        ordered: Literal["cancel", "shutdown"] | None = None
        stop_by = inf
        while not child.ended():
            if keeper.lost:
                raise LeaseLost(f"run {self._lease.run_id}: attempt {self._lease.attempt} could not renew its lease")
            for message in child.messages(TICK_S):
                record.take(message)
            record.flush()
            if ordered is None and (ordered := self._order(keeper)) is not None:
                child.stop()
                stop_by = time.monotonic() + self._clocks.grace_s
            if time.monotonic() >= min(stop_by, self._overrun_at):
                child.kill()
        code = child.exit_code()
        record.flush(last=True)
        if record.last_word is None and ordered is None and time.monotonic() >= self._overrun_at:
            return out_of_time(self._limit_s)
        self.device_missing = isinstance(record.last_word, Failed) and record.last_word.reason == "no_device"
        starved = killed_for_memory() > starved
        return ending_of(Evidence(record.last_word, code, starved, last_words(space.log)), ordered)

    def _order(self, keeper: LeaseKeeper) -> Literal["cancel", "shutdown"] | None:
        if keeper.cancelled:
            return "cancel"
        return "shutdown" if self._shutdown.requested() else None

    def _settle(self, ending: JobEnd | HandBack) -> None:
        """Give the lease back with what came of it."""
        if isinstance(ending, JobEnd):
            finish(self._parts, self._lease, ending)
            log.info("run %s %s", self._lease.run_id, ending.status)
        else:
            status = hand_back(self._parts, self._lease, ending.reason, ending.error)
            log.info("run %s: attempt %d %s, now %s", self._lease.run_id, self._lease.attempt, ending.reason, status)
