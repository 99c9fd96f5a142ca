"""The folder of one attempt: the assignment that the child reads, the files it writes, and its log."""

import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.parts import Parts
from app.services.datasets.incoming import refuse_full
from app.services.jobs.at_work import at_work
from app.services.predictions import keys as of_predictions
from app.services.runs import keys as of_runs
from app.settings import Settings
from app.storage import Storage
from worker.messages import Assigned
from worker.shared_log import SharedLog, store_log

log = logging.getLogger(__name__)

ROOM_BYTES = 2**25
"""Below this, an attempt would only fail at once, and use up those that a run has."""


def has_room(settings: Settings) -> bool:
    """Whether an attempt may begin: the disks that it writes to are not full."""
    try:
        for folder in (settings.data_dir, settings.storage_dir):
            refuse_full(folder, ROOM_BYTES)
    except OSError as error:
        log.warning("no job is taken until there is room on the disk: %s", error)
        return False
    return True


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths of one attempt, below the data directory, so that storing a file is a link.

    log_key: where the log of an attempt at a job is stored.
    """

    job_id: str
    attempt: int
    folder: Path
    log_key: Callable[[str, int], str]

    @classmethod
    def of(cls, settings: Settings, job_id: str, attempt: int, log_key: Callable[[str, int], str]) -> "Workspace":
        """Where an attempt works."""
        return cls(job_id, attempt, settings.data_dir / "work" / job_id / str(attempt), log_key)

    def prepare(self, storage: Storage) -> None:
        """Make the folder, empty. Earlier ones that were killed on this machine go, their logs are stored."""
        of_job = self.folder.parent
        for left in sorted(of_job.iterdir()) if of_job.is_dir() else ():
            old = Workspace(self.job_id, int(left.name), left, self.log_key)
            with suppress(OSError):  # a log is not worth an attempt
                old.keep_log(storage)
            old.remove()
        self.files.mkdir(parents=True)

    @property
    def files(self) -> Path:
        """Where the child writes what is to be stored."""
        return self.folder / "files"

    @property
    def log(self) -> Path:
        """What the child says to people."""
        return self.folder / "log.txt"

    @property
    def assignment(self) -> Path:
        """What the child is told."""
        return self.folder / "assignment.json"

    def write_assignment(self, assignment: Assigned) -> None:
        """Write the assignment file."""
        self.assignment.write_text(assignment.model_dump_json(indent=1))

    def keep_log(self, storage: Storage) -> None:
        """Store the whole log under the attempt's key, if there is one: what is there may be older."""
        if self.log.exists():
            store_log(self.log, storage, self.log_key(self.job_id, self.attempt))

    def shared_log(self, storage: Storage) -> SharedLog:
        """The log, to be stored while the child writes it."""
        return SharedLog(self.log, storage, self.log_key(self.job_id, self.attempt))

    def remove(self) -> None:
        """Delete the folder, and the job's when it was the last."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder.parent.is_dir() and not any(self.folder.parent.iterdir()):
            self.folder.parent.rmdir()


def remove_left(parts: Parts) -> None:
    """Remove what attempts left on this machine that were killed, and whose job went on elsewhere or has ended.

    A folder is made under a lease. So an attempt whose folder is seen first and whose lease is asked for then is over
    when the lease is not its own. Its log is stored, as long as there is a job to read it of.
    """
    work = parts.settings.data_dir / "work"
    for folder in sorted(work.glob("*/*")):
        if not folder.name.isdecimal():
            continue
        now, job, attempt = at_work(parts, folder.parent.name), folder.parent.name, int(folder.name)
        if now is not None and now.attempt == attempt:
            continue
        log_key = of_predictions.log_key if now is not None and now.kind == "prediction" else of_runs.log_key
        left = Workspace(job, attempt, folder, log_key)
        if now is not None:
            left.keep_log(parts.storage)
        left.remove()
