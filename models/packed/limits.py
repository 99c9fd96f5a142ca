"""How much an archive may hold, counted while it is unpacked, so that a bomb is refused before it fills the disk."""

from collections.abc import Callable
from dataclasses import dataclass

from models.packed.problems import ArchiveError

MIB, GIB = 1 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken at most. `ratio` (unpacked to packed bytes) counts once `ratio_from_bytes` are unpacked."""

    files: int = 10_000_000
    file_bytes: int = 16 * GIB
    total_bytes: int = 128 * GIB
    ratio: float = 250.0
    ratio_from_bytes: int = 256 * MIB


class Meter:
    """Counts what comes out of an archive of `packed_bytes` (None: nothing is compressed); raises ArchiveError.

    `watch` is called with every count of bytes, and may raise what it likes.
    """

    def __init__(
        self, limits: Limits, packed_bytes: int | None = None, watch: Callable[[], None] = lambda: None
    ) -> None:
        self.limits = limits
        self._watch = watch
        self._entries = 0
        self._bytes = 0
        self._most = limits.total_bytes
        self._why = f"more than {limits.total_bytes} bytes come out of it; split the data set"
        if packed_bytes is not None:
            by_ratio = max(limits.ratio_from_bytes, int(limits.ratio * packed_bytes))
            if by_ratio < self._most:
                self._most = by_ratio
                self._why = (
                    f"it unpacks to more than {limits.ratio:g} times its size ({packed_bytes} bytes), like an archive "
                    "that is made to fill disks; send an uncompressed .tar"
                )

    def entry(self, name: str, size: int) -> None:
        """Count one entry (folders and junk too) of `size` bytes unpacked."""
        self._entries += 1
        if self._entries > self.limits.files:
            raise ArchiveError(f"the archive has more than {self.limits.files} entries; split the data set")
        if size > self.limits.file_bytes:
            raise ArchiveError(
                f"{name!r} has {size} bytes, a single file may have {self.limits.file_bytes}; cut it or leave it out"
            )

    def unpacked(self, size: int) -> None:
        """Count bytes that came out."""
        self._watch()
        self._bytes += size
        if self._bytes > self._most:
            raise ArchiveError(f"the archive is refused: {self._why}")
