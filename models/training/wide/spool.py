"""Keys of n-grams on their way from files to features: in memory, or in parts in a scratch folder."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.nn.wide.grams import UInt64
from models.training.wide.shelf import ScratchFull, room_for

BYTES_PER_KEY = 56
"""What sorting and counting keys holds at its peak, for each."""


class Spool:
    """Takes keys in any order; gives them back in 2^bits parts, by the first bits of their hashes, each part sorted.

    Parts are written when a buffer is full, so that each write is a long one. A key that comes more often is written
    `repeats` times at least and may be left out then: an n-gram that is everywhere would else make a part of any size.
    """

    def __init__(self, keys: int, memory_bytes: int, scratch: Path, repeats: int = 1) -> None:
        """keys: at most so many will come. memory_bytes: what a part may hold. scratch: a folder, made when needed."""
        parts = -(-keys * BYTES_PER_KEY // max(memory_bytes, 1))
        self.bits = int(max(parts - 1, 0)).bit_length()
        self._scratch, self._repeats = scratch, repeats
        self._held: UInt64 = np.empty(keys if not self.bits else max(memory_bytes // 32, 1 << 16), np.uint64)
        self._size = 0
        self._paths = [scratch / f"keys-{part}" for part in range(2**self.bits)] if self.bits else []
        for path in self._paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")

    def add(self, keys: UInt64) -> None:
        """Take keys, (n,). Raises ScratchFull."""
        while len(keys):
            taken = keys[: len(self._held) - self._size] if self._paths else keys
            self._held[self._size : self._size + len(taken)] = taken
            self._size += len(taken)
            keys = keys[len(taken) :]
            if self._size == len(self._held) and self._paths:
                self._write()

    def parts(self) -> Iterator[UInt64]:
        """Each part, sorted; once, what was read is gone. Raises ScratchFull."""
        if self._paths:
            self._write()
        keys, self._held = self._held[: self._size], np.empty(0, np.uint64)
        if not self._paths:
            keys.sort()
            yield keys
        del keys
        for path in self._paths:
            part: UInt64 = np.fromfile(path, np.uint64)
            path.unlink()
            part.sort()
            yield part

    def _write(self) -> None:
        """What is held goes into its parts."""
        keys = self._held[: self._size]
        keys.sort()
        if len(keys) > self._repeats:
            keys = keys[np.append(np.ones(self._repeats, np.bool_), keys[self._repeats :] != keys[: -self._repeats])]
        firsts = np.arange(1, len(self._paths), dtype=np.uint64) << np.uint64(64 - self.bits)
        bounds = [0, *np.searchsorted(keys, firsts).tolist(), len(keys)]
        room_for(self._scratch, keys.nbytes)
        try:
            for path, begin, end in zip(self._paths, bounds[:-1], bounds[1:], strict=True):
                with path.open("ab") as file:
                    file.write(keys[begin:end].data)
        except OSError as error:
            raise ScratchFull(self._scratch, keys.nbytes) from error
        self._size = 0
