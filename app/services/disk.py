"""How much room the disks have that the service writes to, and when that is worth a word before they are full."""

import os
from dataclasses import dataclass
from typing import Literal

from app.settings import Settings

LOW = 2.0
"""So many reserves (OCTET_DISK_RESERVE_BYTES) free, or less, is little: uploads still go through, but not for long."""


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk. place: which of our folders lie there. state: low below LOW reserves; full: uploads are refused."""

    place: Literal["data", "storage"]
    free_bytes: int
    total_bytes: int
    state: Literal["ok", "low", "full"]

    @property
    def words(self) -> str:
        """What an operator should know, and do."""
        variable = {"data": "OCTET_DATA_DIR", "storage": "OCTET_STORAGE_DIR"}[self.place]
        share = f"{self.free_bytes:,} of {self.total_bytes:,} bytes are free on the disk of {variable}"
        then = {
            "ok": "enough",
            "low": "uploads are refused soon, checkpoints later; make room, or DELETE runs and data sets",
            "full": "uploads are refused, checkpoints may be lost; make room, or DELETE runs and data sets",
        }
        return f"{share}: {then[self.state]}"


def disks(settings: Settings) -> list[Disk]:
    """The disk of the data directory, and that of the storage where it is another one. Raises OSError."""
    reserve = settings.limits.disk_reserve_bytes
    found = [_disk("data", settings.data_dir, reserve)]
    if os.stat(settings.storage_dir).st_dev != os.stat(settings.data_dir).st_dev:
        found.append(_disk("storage", settings.storage_dir, reserve))
    return found


def fullest(settings: Settings) -> Disk:
    """The one with the least room. Raises OSError."""
    return min(disks(settings), key=lambda disk: disk.free_bytes)


def _disk(place: Literal["data", "storage"], folder: os.PathLike[str], reserve: int) -> Disk:
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    state: Literal["ok", "low", "full"] = "full" if free < reserve else "low" if free < LOW * reserve else "ok"
    return Disk(place, free, found.f_blocks * found.f_frsize, state)
