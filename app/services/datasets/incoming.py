"""Folders for what is under way, an upload or a pack in the making: each is held while its process lives, else removed.

The lock on a folder goes with its process however that ends, so a start tells what was left behind from what is in use.
"""

import errno
import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

UPLOAD, PACK = "upload-", "pack-"
_UNHELD = ".new-"
STALE_S = 86_400
"""Where the file system knows no locks, what was not changed for so long is left behind."""


@dataclass(frozen=True, slots=True)
class WorkFolder:
    """A folder of one's own, on the file system of the data dir."""

    path: Path
    _descriptor: int

    def remove(self) -> None:
        """With all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._descriptor)


def work_folder(incoming: Path, prefix: str) -> WorkFolder:
    """A new folder below `incoming`, held until it is removed or the process ends."""
    incoming.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=_UNHELD, dir=incoming))
    descriptor = os.open(made, os.O_RDONLY)
    with suppress(OSError):  # a file system without locks
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    path = made.rename(incoming / (prefix + made.name.removeprefix(_UNHELD)))
    return WorkFolder(path, descriptor)


def refuse_full(folder: Path, reserve_bytes: int, coming_bytes: int = 0) -> None:
    """Raise OSError (ENOSPC) when less than `reserve_bytes` would be free beside what comes.

    A disk that an upload fills would take the checkpoints of the runs with it.
    """
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize - coming_bytes < reserve_bytes:
        raise OSError(errno.ENOSPC, f"less than the reserve of {reserve_bytes} bytes would be free", str(folder))


def remove_stale(incoming: Path) -> None:
    """Remove what uploads and packings left behind whose process was killed.

    Every API process does so at its start; what another one removed at the same moment is no error.
    """
    for prefix in (UPLOAD, PACK, _UNHELD):
        for folder in incoming.glob(f"{prefix}*"):
            with suppress(FileNotFoundError):
                _remove_unheld(folder, locked_from_birth=prefix != _UNHELD)


def _remove_unheld(folder: Path, *, locked_from_birth: bool) -> None:
    """Remove a folder whose lock is free; by its age where there are no locks, or where it may not be locked yet."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        left = locked_from_birth or _last_change(folder) < time.time() - STALE_S
    except BlockingIOError:
        left = False
    except OSError:
        left = _last_change(folder) < time.time() - STALE_S
    try:
        if left:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)


def _last_change(folder: Path) -> float:
    """When anything below a folder was written last: a large file grows for long without a change of its folder."""
    return max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))
