"""One attempt at a prediction over a data set: what its process is told, what is written down, what becomes of it."""

import logging
import time

from app.parts import Parts
from app.services.jobs.lease import Order
from app.services.jobs.outcomes import JobEnd
from app.services.predictions.keys import Form, log_key, part_key, result_key
from app.services.predictions.lease import (
    PredictionLease,
    finish,
    hand_back,
    heartbeat,
    known_parts,
    record_done,
    record_part,
)
from app.storage import Blob
from models.training.report import Outcome
from worker.child_process import ChildProcess
from worker.endings import HandBack
from worker.leased_work import LeasedWork
from worker.messages import Failed, Message, Part, PartFile, Predicted, PredictionAssignment, Results
from worker.record import PROGRESS_EVERY_S, persist
from worker.shutdown import Shutdown
from worker.workspace import Workspace

log = logging.getLogger(__name__)


class PredictionRecord:
    """One attempt's writer: parts at once, progress once a second, the whole result into the storage.

    results: the blobs of the whole, once the child has made it. last_word: how the child said it ended, once it did.
    """

    def __init__(self, parts: Parts, lease: PredictionLease) -> None:
        self._parts = parts
        self._lease = lease
        self._progress: Predicted | None = None
        self._progress_due = 0.0
        self.results: dict[Form, Blob] | None = None
        self.last_word: Outcome | Results | Failed | None = None

    def take(self, message: Message) -> None:
        """Write a message down, or keep it for the next flush. Raises LeaseLost and OSError (WrongDigest)."""
        match message:
            case Predicted():
                self._progress = message
            case Part():
                self._keep(message)
            case Results():
                self._store(message)
                self.last_word = message
            case Outcome() | Failed():
                self.last_word = message

    def flush(self, *, last: bool = False) -> None:
        """Write the progress, once a second (and at the last). Raises LeaseLost."""
        if (progress := self._progress) is not None and (last or time.monotonic() >= self._progress_due):
            persist(
                lambda: record_done(self._parts, self._lease, progress.done, progress.eta_s), for_s=self._patience_s
            )
            self._progress = None
            self._progress_due = time.monotonic() + PROGRESS_EVERY_S

    def _keep(self, part: Part) -> None:
        """Store a part, then record it: only then does it exist for later attempts."""
        key = part_key(self._lease.job_id, part.first, part.digest)
        blob = self._parts.storage.put(key, part.path, digest=part.digest)
        persist(lambda: record_part(self._parts, self._lease, part.first, part.rows, blob), for_s=self._patience_s)

    def _store(self, made: Results) -> None:
        """Store the whole while the lease is still renewed: it may be large."""
        job, put = self._lease.job_id, self._parts.storage.put
        self.results = {
            "csv": put(result_key(job, "csv", made.csv_digest), made.csv, digest=made.csv_digest),
            "parquet": put(result_key(job, "parquet", made.parquet_digest), made.parquet, digest=made.parquet_digest),
        }

    @property
    def _patience_s(self) -> float:
        return self._parts.settings.clocks.lease_s


class PredictionAttempt(LeasedWork):
    """The holder of one lease on a prediction."""

    def __init__(self, parts: Parts, lease: PredictionLease, shutdown: Shutdown) -> None:
        super().__init__(parts, lease, shutdown, "predicting", log_key)
        self._lease = lease
        self._record = PredictionRecord(parts, lease)

    def _renew(self) -> Order | None:
        return heartbeat(self._parts, self._lease)

    def _start(self, space: Workspace) -> ChildProcess:
        storage, settings, lease = self._parts.storage, self._parts.settings.worker, self._lease
        known = known_parts(self._parts, lease)
        space.write_assignment(
            PredictionAssignment(
                prediction_id=lease.job_id,
                attempt=lease.attempt,
                checkpoint=storage.local(lease.checkpoint_key),
                digest=lease.checkpoint_digest,
                dataset=storage.local(lease.dataset_key),
                folder=space.files,
                parts=[PartFile(first=part.first, rows=part.rows, path=part.path) for part in known],
                save_s=settings.prediction_save_s,
                nice=settings.train_nice,
            )
        )
        threads = settings.train_threads or None
        # on the CPU, as POST /predict answers: a training may hold all of the GPU's memory
        return ChildProcess(
            space.assignment,
            space.log,
            threads=threads,
            gpu=False,
            module="worker.predicting",
            memory_limit=self._memory_limit,
        )

    def _meanwhile(self) -> None:
        """Nothing: no account is kept of an attempt at a prediction, so its peak is told by its error alone."""

    def _recorder(self) -> PredictionRecord:
        return self._record

    def _settle(self, ending: JobEnd | HandBack) -> None:
        """Give the lease back with what came of it."""
        job, attempt = self._lease.job_id, self._lease.attempt
        if isinstance(ending, JobEnd):
            finish(self._parts, self._lease, ending, self._record.results)
            log.info("prediction %s %s", job, ending.status)
        else:
            status = hand_back(self._parts, self._lease, ending.reason, ending.error)
            log.info("prediction %s: attempt %d %s, now %s", job, attempt, ending.reason, status)
