"""What a child has said so far, stored while it goes on, so that any process of the service can show it."""

import contextlib
import logging
import os
import re
import time
from pathlib import Path

from app.storage import Storage

MAX_BYTES = 2**20
"""An attempt's log is stored up to this size: its beginning and its end."""
MAX_WRITTEN_BYTES = 2 * MAX_BYTES
"""The file that the child writes is cut back when it is larger."""
GAP, GAP_BYTES = "[{:,} bytes are left out here: a log is kept up to {:,}]\n", 100
_GAP = re.compile(rb"^\[([\d,]+) bytes are left out here: a log is kept up to [\d,]+\]\n", re.MULTILINE)
EVERY_S = 2.0
SHARE_OF_TIME = 0.05
"""A storage that takes long is asked less often: storing may take this part of the time."""

log = logging.getLogger(__name__)


class SharedLog:
    """One attempt's log: a file that the child writes, and the blob that others read. No other attempt has its key.

    A storage that fails costs readers the newest lines, never the attempt.
    """

    def __init__(self, written: Path, storage: Storage, key: str) -> None:
        self._written = written
        self._storage = storage
        self._key = key
        self._stored = 0
        self._due = 0.0
        self._failing = False

    def share(self) -> None:
        """Store what was said, if there is more than before; at most every EVERY_S seconds."""
        began = time.monotonic()
        if began < self._due:
            return
        try:
            size = self._written.stat().st_size if self._written.exists() else 0
            if size != self._stored:
                store_log(self._written, self._storage, self._key)
                self._stored, self._failing = size, False
        except OSError as error:
            if not self._failing:
                log.warning("the log could not be stored, it will be tried again: %s", error)
            self._failing = True
        ended = time.monotonic()
        self._due = ended + max(EVERY_S, (ended - began) / SHARE_OF_TIME)


def store_log(written: Path, storage: Storage, key: str) -> None:
    """Store a copy of a log that may still grow, the middle left out when it is too long. Raises OSError."""
    copy = written.with_suffix(".stored")
    try:
        copy.write_bytes(_within_bounds(written))
        storage.put(key, copy)
    finally:
        with contextlib.suppress(OSError):
            copy.unlink(missing_ok=True)


def cut_back(written: Path) -> None:
    """Cut the middle out of a log that is too long while a child still writes to it; the child must append (O_APPEND).

    What it says between the look and the cut goes, too. The file says itself what was left out, so any process may go
    on with it.
    """
    with contextlib.suppress(OSError):
        if written.stat().st_size <= MAX_WRITTEN_BYTES:
            return
        kept = _within_bounds(written)
        with written.open("r+b") as file:
            file.write(kept)
            file.truncate()


def _within_bounds(path: Path) -> bytes:
    """The bytes of a log; of one that is too long whole lines of its beginning and end, and a word in between."""
    half = MAX_BYTES // 2
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= MAX_BYTES:
            return file.read(size)
        begin = file.read(half + GAP_BYTES)
        if (gap := _GAP.search(begin)) is not None:  # it was cut back before
            begin, after, before = begin[: gap.start()], gap.end(), int(gap[1].replace(b",", b""))
        else:
            begin = begin[:half]
            begin = begin[: begin.rfind(b"\n") + 1] or begin
            after, before = len(begin), 0
        from_ = max(after, size - half)
        file.seek(from_)
        end = file.read(half)
    if from_ > after:
        end = end[end.find(b"\n") + 1 :] or end
    left_out = before + size - after - len(end)
    line_end = b"" if begin.endswith(b"\n") else b"\n"
    return begin + line_end + GAP.format(left_out, MAX_BYTES).encode() + end
