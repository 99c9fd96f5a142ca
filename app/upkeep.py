"""What a process of the API does beside its requests: it looks at the disks, and sweeps up what nobody owns."""

import logging
import threading
import time
from collections.abc import Callable

from app.parts import Parts
from app.services.datasets.incoming import remove_stale
from app.services.disk import disks
from app.services.sweep import sweep

DISK_EVERY_S, SWEEP_EVERY_S = 10.0, 3600.0
SAY_AGAIN_S = 600.0
"""A disk that stays as full as it was is spoken of again after this."""

log = logging.getLogger(__name__)


class Stopped(Exception):
    """The process ends: a duty that takes long is left to the next one."""


class Upkeep:
    """Runs in a thread of its own until it is told to stop. A failure is logged and the duty tried again."""

    def __init__(self, parts: Parts, stopping: threading.Event) -> None:
        self._parts = parts
        self._stopping = stopping
        self._said: dict[str, tuple[str, float]] = {}

    def run(self) -> None:
        """Look at once, then again and again."""
        sweep_at = time.monotonic()
        while True:
            self._try(self.look_at_disks)
            if time.monotonic() >= sweep_at:
                sweep_at = time.monotonic() + SWEEP_EVERY_S
                self._try(self.sweep)
            if self._stopping.wait(DISK_EVERY_S):
                return

    def look_at_disks(self) -> None:
        """Say that a disk becomes full before it is; once, and again as long as it stays so."""
        for disk in disks(self._parts.settings):
            state, at = self._said.get(disk.place, ("ok", 0.0))
            if disk.state != state or (disk.state != "ok" and time.monotonic() >= at + SAY_AGAIN_S):
                level = logging.INFO if disk.state == "ok" else logging.WARNING
                fields = {"disk": disk.place, "state": disk.state, "free_bytes": disk.free_bytes}
                log.log(level, disk.words, extra={"fields": fields})
                self._said[disk.place] = (disk.state, time.monotonic())

    def sweep(self) -> None:
        """Remove what killed processes left behind: uploads at once, blobs when they have lain there for long."""
        settings = self._parts.settings
        remove_stale(settings.incoming_dir)
        if not settings.limits.orphan_age_s:
            return
        swept = sweep(self._parts.db, self._parts.storage, age_s=settings.limits.orphan_age_s, watch=self._go_on)
        fields = {"blobs": len(swept.orphans), "bytes": swept.size_bytes + swept.unfinished_bytes}
        if swept.strange:
            log.warning(
                "most of what lies in the storage is unknown to the database, so nothing is swept up: is "
                "OCTET_DATABASE_URL the database of OCTET_STORAGE_DIR? If so: octet storage sweep",
                extra={"fields": fields},
            )
        elif swept.orphans or swept.unfinished_bytes:
            log.info("swept up what nobody owned", extra={"fields": fields})

    def _go_on(self) -> None:
        """Raises Stopped."""
        if self._stopping.is_set():
            raise Stopped

    @staticmethod
    def _try(duty: Callable[[], None]) -> None:
        try:
            duty()
        except Stopped:
            return
        except Exception:
            log.exception("upkeep failed; it is tried again")
