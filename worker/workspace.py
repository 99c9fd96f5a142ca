"""The folder of one attempt: the assignment that the child reads, the files it writes, and its log."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from app.services.runs.keys import log_key
from app.settings import Settings
from app.storage import Storage
from worker.messages import Assignment


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths of one attempt, below the data directory, so that storing a file is a link."""

    run_id: str
    attempt: int
    folder: Path

    @classmethod
    def of(cls, settings: Settings, run_id: str, attempt: int) -> "Workspace":
        """Where an attempt works."""
        return cls(run_id, attempt, settings.data_dir / "work" / run_id / str(attempt))

    def prepare(self, storage: Storage) -> None:
        """Make the folder, empty. Earlier ones that were killed on this machine go, their logs are stored."""
        of_run = self.folder.parent
        for left in sorted(of_run.iterdir()) if of_run.is_dir() else ():
            old = Workspace(self.run_id, int(left.name), left)
            old.keep_log(storage)
            old.remove()
        self.checkpoints.mkdir(parents=True)

    @property
    def checkpoints(self) -> Path:
        """Where the child writes checkpoint files."""
        return self.folder / "checkpoints"

    @property
    def log(self) -> Path:
        """What the child says to people."""
        return self.folder / "log.txt"

    @property
    def assignment(self) -> Path:
        """What the child is told."""
        return self.folder / "assignment.json"

    def write_assignment(self, assignment: Assignment) -> None:
        """Write the assignment file."""
        self.assignment.write_text(assignment.model_dump_json(indent=1))

    def keep_log(self, storage: Storage) -> None:
        """Store the log under the attempt's key, unless it is there or there is none."""
        key = log_key(self.run_id, self.attempt)
        if self.log.exists() and not storage.exists(key):
            storage.put(key, self.log)

    def remove(self) -> None:
        """Delete the folder, and the run's when it was the last."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder.parent.is_dir() and not any(self.folder.parent.iterdir()):
            self.folder.parent.rmdir()
