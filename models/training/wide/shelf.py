"""Arrays that are read again and again: in memory as long as there is room, then in one scratch file that is mapped."""

import mmap
import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.training.report import TrainingError

RESERVE_BYTES = 1 << 29
"""What is left free on a disk, as OCTET_DISK_RESERVE_BYTES is by default: checkpoints and the database lie there."""
ALIGNED = 64


class ScratchFull(TrainingError):
    """The disk has no room for what does not fit into memory. Final: the same would come again."""

    def __init__(self, folder: Path, wanted: int) -> None:
        super().__init__(
            f"the wide branch needs {wanted / 1e6:,.0f} MB more on the disk of {folder}, where "
            f"{RESERVE_BYTES / 1e6:.0f} MB stay free: make room there, raise wide_memory_mb, or set wide to false"
        )


class Kept:
    """An array on a shelf."""

    def __init__(
        self, shelf: "Shelf", array: NDArray[Any] | None, begin: int, dtype: np.dtype[Any], count: int
    ) -> None:
        self._shelf, self._array, self._begin, self._dtype, self._count = shelf, array, begin, dtype, count

    def __len__(self) -> int:
        return self._count

    def read(self) -> NDArray[Any]:
        """(n,) the same numbers, to read only. What lies in the scratch file is mapped, and may be given back."""
        if self._array is not None:
            return self._array
        return np.frombuffer(self._shelf.mapped(), self._dtype, self._count, self._begin)

    def give_back(self) -> None:
        """Take no memory of this process until it is read again; the system may keep it as it keeps any file."""
        if self._array is None:
            begin = self._begin // mmap.PAGESIZE * mmap.PAGESIZE
            size = self._begin + self._count * self._dtype.itemsize - begin
            self._shelf.mapped().madvise(mmap.MADV_DONTNEED, begin, size)


class Shelf:
    """Keeps arrays within `memory_bytes`; what comes later lies in one file without a name, gone with the shelf.

    It is written, and mapped only where it is read: so a full disk is an error and no signal, and one descriptor is
    open however much is kept.
    """

    def __init__(self, memory_bytes: int, scratch: Path) -> None:
        self._left, self._scratch = memory_bytes, scratch
        self._file: int | None = None
        self._size = 0
        self._map: mmap.mmap | None = None

    @property
    def on_disk(self) -> int:
        """Bytes of the scratch file."""
        return self._size

    def keep(self, array: NDArray[Any]) -> Kept:
        """Take a flat array, which is not to be changed afterwards. Raises ScratchFull."""
        if array.nbytes <= self._left or not array.size:
            self._left -= array.nbytes
            return Kept(self, array, 0, array.dtype, len(array))
        begin = -(-self._size // ALIGNED) * ALIGNED
        room_for(self._scratch, array.nbytes)
        try:
            _write(self._descriptor(), array, begin)
        except OSError as error:
            raise ScratchFull(self._scratch, array.nbytes) from error
        self._size = begin + array.nbytes
        return Kept(self, None, begin, array.dtype, len(array))

    def mapped(self) -> mmap.mmap:
        """The whole scratch file."""
        assert self._file is not None
        if self._map is None or len(self._map) < self._size:
            self._map = mmap.mmap(self._file, self._size)
        return self._map

    def _descriptor(self) -> int:
        """Of the scratch file, made when it is needed and closed with the shelf."""
        if self._file is None:
            self._file, path = tempfile.mkstemp(dir=self._scratch)
            weakref.finalize(self, os.close, self._file)
            os.unlink(path)
        return self._file


def _write(file: int, array: NDArray[Any], begin: int) -> None:
    """All of it; the system may take less at a time."""
    left = array.data.cast("B")
    while len(left):
        written = os.pwrite(file, left, begin)
        left, begin = left[written:], begin + written


def room_for(scratch: Path, wanted: int) -> None:
    """Make the folder. Raises ScratchFull where so many bytes more would leave less than RESERVE_BYTES free."""
    scratch.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(scratch).free - wanted < RESERVE_BYTES:
        raise ScratchFull(scratch, wanted)
