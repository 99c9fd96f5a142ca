"""Sparse members of a tar: the map of what is stored, in its four dialects, and the whole file made of it again.

`tar --sparse` and bsdtar write them. A hole costs an archive nothing, so it is metered like any byte that comes out.
GNU tar manual, "Storing Sparse Files" (old GNU, pax 0.0, 0.1 and 1.0).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from models.packed.limits import Meter
from models.packed.pax import decimal
from models.packed.problems import ArchiveError
from models.packed.source import CHUNK, Source

BLOCK = 512
_MOST_MAP = 1 << 20
_DAMAGED = "the archive is damaged (the map of the sparse file {name!r}); pack again, best without tar --sparse"
_ZEROS = bytes(CHUNK)

Number = Callable[[bytes], int]
Pieces = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Sparse:
    """A file of `size` bytes of which only `pieces` (begin, length) are stored, in this order."""

    size: int
    pieces: Pieces

    @property
    def holes(self) -> int:
        """Bytes that are not stored."""
        return self.size - sum(length for _, length in self.pieces)

    def filled(self, source: Source, meter: Meter) -> Iterator[bytes]:
        """The whole file, its holes as zeros. Raises ArchiveError when the stream ends before, or above the limits."""
        at = 0
        for begin, length in (*self.pieces, (self.size, 0)):
            while at < begin:
                zeros = _ZEROS[: begin - at]
                meter.unpacked(len(zeros))
                yield zeros
                at += len(zeros)
            yield from source.pieces(length)
            at += length


def pax_map(values: dict[bytes, list[bytes]], source: Source, stored: int, name: str) -> Sparse:
    """The map that pax records give, or announce at the beginning of the `stored` bytes (1.0). Raises ArchiveError."""
    if values.get(b"major", [b"0"])[-1] == b"1":
        numbers = _map_in_data(source, min(stored, _MOST_MAP), name)
    elif b"map" in values:
        text = values[b"map"][-1]
        numbers = [decimal(number) for number in text.split(b",")] if text else []
    else:
        pairs = zip(values.get(b"offset", []), values.get(b"numbytes", []), strict=False)
        numbers = [decimal(number) for pair in pairs for number in pair]
    size = values.get(b"realsize") or values.get(b"size")
    if not size or len(numbers) % 2:
        raise ArchiveError(_DAMAGED.format(name=name))
    return Sparse(decimal(size[-1]), list(zip(numbers[::2], numbers[1::2], strict=True)))


def gnu_map(block: bytes, source: Source, number: Number, name: str) -> Sparse:
    """The map in an old GNU header and the blocks behind it; `number` reads a field. Raises ArchiveError."""
    size, pieces = number(block[483:495]), _gnu_pieces(block[386:482], number)
    more, taken = block[482], 0
    while more:
        taken += BLOCK
        if taken > _MOST_MAP:
            raise ArchiveError(_DAMAGED.format(name=name))
        further = source.take(BLOCK)
        pieces += _gnu_pieces(further[:504], number)
        more = further[504]
    return Sparse(size, pieces)


def refuse_bad_map(sparse: Sparse, stored: int, name: str) -> None:
    """Raise ArchiveError unless the pieces are in order, within the file, and are all of the `stored` bytes."""
    ends = [0, *(begin + length for begin, length in sparse.pieces)]
    in_order = all(end <= begin for end, (begin, _) in zip(ends, sparse.pieces, strict=False))
    if not in_order or ends[-1] > sparse.size or sum(length for _, length in sparse.pieces) != stored:
        raise ArchiveError(_DAMAGED.format(name=name))


def _gnu_pieces(fields: bytes, number: Number) -> Pieces:
    """Pairs of 12-byte numbers; the first empty one ends them."""
    cuts = pairwise(range(0, len(fields) + 1, 24))
    pairs = [fields[begin:end] for begin, end in cuts]
    return [(number(pair[:12]), number(pair[12:])) for pair in pairs if pair[0]]


def _map_in_data(source: Source, most: int, name: str) -> list[int]:
    """The numbers of a 1.0 map: how many pairs, then the pairs, a line each, padded to whole blocks."""
    text, lines, wanted = bytearray(), 0, 1
    while lines < wanted:
        if len(text) + BLOCK > most:
            raise ArchiveError(_DAMAGED.format(name=name))
        block = source.take(BLOCK)
        text += block
        if lines == 0 and b"\n" in block:
            wanted = 1 + 2 * decimal(bytes(text).partition(b"\n")[0])
        lines += block.count(b"\n")
    return [decimal(line) for line in bytes(text).split(b"\n")[1:wanted]]
