"""Keys of n-grams on their way from files to features: in memory, or in parts in a scratch folder."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.nn.wide.grams import UInt64

BYTES_PER_KEY = 32
"""What sorting and counting keys holds at its peak, for each."""


class Spool:
    """Takes keys in any order; gives them back in 2^bits parts, by the first bits of their hashes, each part sorted."""

    def __init__(self, keys: int, memory_bytes: int, scratch: Path) -> None:
        """keys: at most so many will come. memory_bytes: what a part may hold. scratch: a folder, made when needed."""
        parts = -(-keys * BYTES_PER_KEY // max(memory_bytes, 1))
        self.bits = int(max(parts - 1, 0)).bit_length()
        self._held: list[UInt64] = []
        self._paths = [scratch / f"keys-{part}" for part in range(2**self.bits)] if self.bits else []
        for path in self._paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")

    def add(self, keys: UInt64) -> None:
        """Take keys; the array may be kept."""
        if not self._paths:
            self._held.append(keys)
            return
        keys = np.sort(keys)
        firsts = np.arange(1, len(self._paths), dtype=np.uint64) << np.uint64(64 - self.bits)
        bounds = [0, *np.searchsorted(keys, firsts).tolist(), len(keys)]
        for path, begin, end in zip(self._paths, bounds[:-1], bounds[1:], strict=True):
            with path.open("ab") as file:
                keys[begin:end].tofile(file)

    def parts(self) -> Iterator[UInt64]:
        """Each part, sorted; once, what was read is gone."""
        if not self._paths:
            held, self._held = self._held, []
            keys = np.concatenate(held) if held else np.empty(0, np.uint64)
            held.clear()
            keys.sort()
            yield keys
        for path in self._paths:
            keys = np.fromfile(path, np.uint64)
            path.unlink()
            keys.sort()
            yield keys
