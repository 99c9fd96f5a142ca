"""The bytes that a prediction request is answered from: in memory while they are few, else in a file without a name."""

import mmap
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from app.services.datasets.incoming import refuse_full

IN_MEMORY_BYTES = 2 << 20
"""Of one request; what is longer lies on disk, so that memory does not grow with bodies, however many come at once."""


class Spool:
    """Bytes written one behind the other, then read as one view. Used by one thread at a time; closed by its `with`.

    The file has no name: it is gone with the process or with the last view on it, however either ends. It leaves
    `reserve_bytes` of the disk free.
    """

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        self._folder, self._reserve_bytes = folder, reserve_bytes
        self._held = bytearray()
        self._file: IO[bytes] | None = None
        self._until_closed = ExitStack()
        self.size = 0

    def fits(self, more: int) -> bool:
        """Whether so many bytes more still stay in memory: then writing them does not wait for a disk."""
        return self._file is None and self.size + more <= IN_MEMORY_BYTES

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes. Raises OSError (ENOSPC) while there is still room for others."""
        if self.fits(len(data)):
            self._held += data
        else:
            refuse_full(self._folder, self._reserve_bytes, len(data))
            self._on_disk().write(data)
        self.size += len(data)

    def view(self) -> memoryview:
        """All that was written, (size,) bytes; of a file the map, which outlives this spool as long as it is used."""
        if self._file is None:
            return memoryview(self._held)
        self._file.flush()
        return memoryview(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ))

    def _on_disk(self) -> IO[bytes]:
        if self._file is None:
            with ExitStack() as opening:
                self._file = opening.enter_context(tempfile.TemporaryFile(dir=self._folder))
                self._until_closed = opening.pop_all()
            self._file.write(self._held)
            self._held = bytearray()
        return self._file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._until_closed.close()
