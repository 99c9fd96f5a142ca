"""Millions of short texts in two flat buffers: one blob of UTF-8 and where each text ends in it."""

import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
_ROWS_AT_A_TIME = 1 << 14
_WIDEST = 64


class Texts(Sequence[str]):
    """An immutable sequence of str that holds no Python object per text; it may lie on a memory map.

    `bounds` (n + 1,) int64: text i is `blob[bounds[i]:bounds[i + 1]]`.
    """

    __slots__ = ("_blob", "_bounds")

    def __init__(self, blob: bytes | bytearray | memoryview, bounds: Int64) -> None:
        self._blob = memoryview(blob)
        self._bounds = bounds

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Texts":
        """Texts from any str values."""
        growing = GrowingTexts()
        for text in texts:
            growing.append(text)
        return growing.freeze()

    def __len__(self) -> int:
        return len(self._bounds) - 1

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> "Texts": ...
    def __getitem__(self, at: int | slice) -> "str | Texts":
        if isinstance(at, slice):
            return self.take(np.arange(*at.indices(len(self)), dtype=np.int64))
        return str(self.raw(at), "utf-8")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Texts):
            return NotImplemented
        return self.buffers() == other.buffers()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Texts({list(self[:5])!r}{', ...' if len(self) > 5 else ''} of {len(self)})"

    def raw(self, at: int) -> bytes:
        """The UTF-8 of text `at`. Raises IndexError."""
        size = len(self)
        if not -size <= at < size:
            raise IndexError(f"text {at} of {size}")
        at %= size
        begin, end = self._bounds.item(at), self._bounds.item(at + 1)  # plain integers: half the time of numpy's own
        return bytes(self._blob[begin:end])

    def each_raw(self) -> Iterator[bytes]:
        """The UTF-8 of every text in turn, without a bounds check per text."""
        for first in range(0, len(self), _ROWS_AT_A_TIME):
            bounds = self._bounds[first : first + _ROWS_AT_A_TIME + 1].tolist()
            for begin, end in itertools.pairwise(bounds):
                yield bytes(self._blob[begin:end])

    def buffers(self) -> tuple[memoryview, memoryview]:
        """Bounds (little-endian int64, from 0) and blob: stored, hashed and compared; copied only if need be."""
        first, last = int(self._bounds[0]), int(self._bounds[-1])
        bounds = self._bounds - first if first else self._bounds
        return as_bytes(bounds, "<i8"), self._blob[first:last]

    def take(self, rows: npt.ArrayLike) -> "Texts":
        """The texts at `rows` (integers), in that order."""
        at = np.asarray(rows, dtype=np.int64)
        if in_place(at, len(self)):
            return self
        starts, lengths = self._bounds[:-1][at], np.diff(self._bounds)[at]
        bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        source, blob = np.frombuffer(self._blob, np.uint8), np.empty(int(bounds[-1]), np.uint8)
        for first in range(0, len(at), _ROWS_AT_A_TIME):
            part = slice(first, first + _ROWS_AT_A_TIME)
            begin, end = bounds[first], bounds[min(first + _ROWS_AT_A_TIME, len(at))]
            shift = np.repeat(starts[part] - bounds[:-1][part], lengths[part])
            blob[begin:end] = source[np.arange(begin, end) + shift]
        return Texts(blob.data, bounds)

    def order(self) -> Int64:
        """The permutation that sorts the texts by code point, as UTF-8 does; equal ones keep their order."""
        if all(before <= after for before, after in itertools.pairwise(self.each_raw())):
            return np.arange(len(self), dtype=np.int64)  # the usual case needs no object per text
        return self._sorted_in_a_table() if self._fits_a_table() else self._sorted_as_objects()

    def _fits_a_table(self) -> bool:
        """Whether a row of equal width for each is no larger than an object for each, and NUL may fill it up."""
        return int(np.diff(self._bounds).max()) <= _WIDEST and b"\0" not in bytes(self._blob)

    def _sorted_in_a_table(self) -> Int64:
        lengths = np.diff(self._bounds)
        table = np.zeros((len(self), int(lengths.max())), np.uint8)
        blob = np.frombuffer(self._blob, np.uint8)[self._bounds[0] : self._bounds[-1]]
        table[np.arange(table.shape[1]) < lengths[:, None]] = blob  # row by row, as the texts stand in the blob
        return np.argsort(table.view(f"S{table.shape[1]}").reshape(-1), kind="stable")

    def _sorted_as_objects(self) -> Int64:
        return np.array(sorted(range(len(self)), key=list(self.each_raw()).__getitem__), dtype=np.int64)


def in_place(rows: Int64, size: int) -> bool:
    """Whether these are all rows of a table of this size, in their own order: then nothing need be copied."""
    return len(rows) == size and bool((rows == np.arange(size)).all())


def as_bytes(array: npt.NDArray[Any], kind: str) -> memoryview:
    """An array's bytes as values of this kind, without a copy where it has them so."""
    return memoryview(np.ascontiguousarray(array.astype(kind, copy=False)).reshape(-1).view(np.uint8).data)


class GrowingTexts:
    """Texts under construction: about 8 bytes beside each text's own."""

    __slots__ = ("_blob", "_bounds")

    def __init__(self) -> None:
        self._blob = bytearray()
        self._bounds = array("q", [0])

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def append(self, text: str) -> None:
        """Add one text. Raises UnicodeEncodeError for lone surrogates."""
        self._blob += text.encode()
        self._bounds.append(len(self._blob))

    def __getitem__(self, at: int) -> str:
        return str(self._blob[self._bounds[at] : self._bounds[at + 1]], "utf-8")

    def freeze(self) -> Texts:
        """The texts so far, without a copy; nothing may be appended any more."""
        return Texts(self._blob, np.frombuffer(self._bounds, np.int64))
