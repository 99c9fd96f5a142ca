"""One attempt at a run: what its training is told, how long it may take, and what becomes of the run."""

import logging
import time
from collections.abc import Set
from math import inf

from app.parts import Parts
from app.services.jobs.lease import LeaseLost, Order
from app.services.jobs.outcomes import JobEnd
from app.services.runs.keys import log_key
from app.services.runs.lease import Lease, finish, hand_back, heartbeat, record_peak, resume_point
from models.config import SHORT_FORM_BUDGET_S
from models.devices import Device
from models.training.report import Plan, longest_s
from worker.child_process import ChildProcess
from worker.endings import HandBack
from worker.leased_work import LeasedWork
from worker.messages import Assignment, Failed
from worker.record import Record
from worker.shutdown import Shutdown
from worker.workspace import Workspace

log = logging.getLogger(__name__)


class Attempt(LeasedWork):
    """The holder of one lease on a run.

    devices: what training may use here.
    """

    def __init__(self, parts: Parts, lease: Lease, shutdown: Shutdown, devices: Set[Device]) -> None:
        super().__init__(parts, lease, shutdown, "training", log_key)
        self._lease = lease
        self._devices = devices
        self._began = time.monotonic()
        self._limit_s, self._overrun_at = self._overrun(self._budget("cpu"))
        self._known_peak = 0
        self._peak_due = 0.0
        self._peak_untold = False
        self._record = Record(parts, lease, self._planned)

    @property
    def device_missing(self) -> bool:
        """Whether the device of the run's plan turned out not to be there."""
        word = self._record.last_word
        return isinstance(word, Failed) and word.reason == "no_device"

    def _renew(self) -> Order | None:
        return heartbeat(self._parts, self._lease)

    def _meanwhile(self) -> None:
        """Tell the peak again and again: an attempt that is lost says nothing more. Raises LeaseLost."""
        if time.monotonic() >= self._peak_due:
            self._tell_peak()
            self._peak_due = time.monotonic() + self._clocks.heartbeat_s

    def _tell_peak(self) -> None:
        """Keep how much memory the attempt took; no attempt fails for want of this number. Raises LeaseLost."""
        peak = 0 if self._child is None else self._child.peak_bytes
        if peak <= self._known_peak:
            return
        try:
            record_peak(self._parts, self._lease, peak)
            self._known_peak, self._peak_untold = peak, False
        except LeaseLost:
            raise
        except Exception as error:
            if not self._peak_untold:
                log.warning("the memory of the attempt could not be recorded, it will be tried again: %s", error)
            self._peak_untold = True

    def _start(self, space: Workspace) -> ChildProcess:
        given = self._assignment(space)
        space.write_assignment(given)
        asked = given.plan.threads if given.plan else (given.plan_request or {}).get("threads")
        gpu, limit = "cuda" in self._devices, self._memory_limit
        return ChildProcess(space.assignment, space.log, threads=asked, gpu=gpu, memory_limit=limit)

    def _recorder(self) -> Record:
        return self._record

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
            folder=space.files,
            plan=plan,
            plan_request=request or None,
            budget_s={"cpu": self._left("cpu"), "cuda": self._left("cuda")},
            resume=None if resume is None else resume.path,
            nice=settings.train_nice,
            memory_bytes=settings.train_memory_bytes or None,
            fewer_files=lease.form == "short",
            save_every_s=settings.resume_save_s,
        )

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

    def _settle(self, ending: JobEnd | HandBack) -> None:
        """Give the lease back with what came of it."""
        self._tell_peak()
        if isinstance(ending, JobEnd):
            finish(self._parts, self._lease, ending)
            log.info("run %s %s", self._lease.run_id, ending.status)
        else:
            status = hand_back(self._parts, self._lease, ending.reason, ending.error)
            log.info("run %s: attempt %d %s, now %s", self._lease.run_id, self._lease.attempt, ending.reason, status)
