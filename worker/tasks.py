"""What a pool process does: it takes jobs that are announced, and it looks for jobs that other workers lost."""

import logging
import os
import socket
import threading

from celery import Celery, current_task, signals

from app.broker import PREDICT_DATASET, TRAIN_RUN
from app.parts import Parts, open_parts
from app.services.jobs.reaper import reap_until
from app.services.predictions import lease as predictions
from app.services.runs.lease import acquire, in_line
from app.settings import Settings
from app.tracing import REQUEST_ID, TRACEPARENT, Origin, about
from models.devices import usable_devices
from worker.attempt import Attempt
from worker.prediction_attempt import PredictionAttempt
from worker.shutdown import Shutdown, deaf_to_sigterm
from worker.workspace import has_room, remove_left

log = logging.getLogger(__name__)


class PoolProcess:
    """One process of the worker's pool. Its parts are opened after the fork: processes share no connection."""

    def __init__(self, settings: Settings, shutdown: Shutdown) -> None:
        self._settings = settings
        self._shutdown = shutdown
        self._devices = usable_devices(settings.worker.devices)
        self._parts: Parts | None = None
        self._ending = threading.Event()

    def open(self, **_signal: object) -> None:
        """The process begins."""
        threading.Thread(target=self._reap, args=(self._opened(),), name="reaper", daemon=True).start()

    def close(self, **_signal: object) -> None:
        """The process ends."""
        self._ending.set()

    def train_run(self, run_id: str) -> None:
        """Carry out a run that is announced, and before it those that were interrupted."""
        for waiting in in_line(self._opened(), run_id):
            if self._shutdown.requested() or not has_room(self._settings):
                return  # not taken: the reaper announces the run again
            with deaf_to_sigterm(), about(_origin_of_message() if waiting == run_id else None, run=waiting):
                self._carry_out(waiting)

    def predict_dataset(self, prediction_id: str) -> None:
        """Carry out a prediction that is announced, and before it those that were interrupted."""
        for waiting in predictions.in_line(self._opened(), prediction_id):
            if self._shutdown.requested() or not has_room(self._settings):
                return  # not taken: the reaper announces it again
            origin = _origin_of_message() if waiting == prediction_id else None
            with deaf_to_sigterm(), about(origin, prediction=waiting):
                self._predict(waiting)

    def _predict(self, prediction_id: str) -> None:
        """One attempt at a prediction, if it still waits for somebody."""
        lease = predictions.acquire(self._opened(), prediction_id, _name())
        if lease is None:
            log.info("prediction %s needs nobody any more", prediction_id)
            return
        with about(lease.origin, attempt=lease.attempt):
            log.info("prediction %s: attempt %d begins", prediction_id, lease.attempt)
            PredictionAttempt(self._opened(), lease, self._shutdown).run()

    def _carry_out(self, run_id: str) -> None:
        """One attempt at a run, if it still waits for somebody."""
        parts = self._opened()
        lease = acquire(parts, run_id, _name(), self._devices)
        if lease is None:
            here = " or ".join(sorted(self._devices))
            log.info("run %s needs nobody any more, or not a worker with %s", run_id, here)
            return
        with about(lease.origin, attempt=lease.attempt):
            log.info("run %s: attempt %d begins", run_id, lease.attempt)
            attempt = Attempt(parts, lease, self._shutdown, self._devices)
            attempt.run()
        if attempt.device_missing:
            log.error("no GPU can be used here; only runs on the CPU are taken until this worker is started again")
            self._devices = frozenset({"cpu"})

    def _opened(self) -> Parts:
        if self._parts is None:
            self._parts = open_parts(self._settings)
        return self._parts

    def _reap(self, parts: Parts) -> None:
        try:
            remove_left(parts)
        except Exception as error:
            log.warning("what killed attempts left here stays for now: %s", error)
        reap_until(self._ending, parts)


def _origin_of_message() -> Origin | None:
    """Which request the message at hand comes from; None when it does not say, or there is none."""
    asked = current_task.request if current_task else {}
    traceparent = asked.get(TRACEPARENT)
    return Origin.of(traceparent, asked.get(REQUEST_ID)) if traceparent else None


def _name() -> str:
    """This process, as jobs name it."""
    return f"{socket.gethostname()}:{os.getpid()}"


def register(app: Celery, process: PoolProcess) -> None:
    """Make the process' work known to Celery."""
    app.task(process.train_run, name=TRAIN_RUN)
    app.task(process.predict_dataset, name=PREDICT_DATASET)
    signals.worker_process_init.connect(process.open, weak=False)
    signals.worker_process_shutdown.connect(process.close, weak=False)
