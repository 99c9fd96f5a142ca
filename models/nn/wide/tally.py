"""Which n-grams stand how often in which file: in blocks of bounded size, however long a file is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.nn.wide.gram_kinds import GramKinds
from models.nn.wide.grams import HASH_BITS, ROW_BITS, UInt8, UInt64, keys

Int64 = NDArray[np.int64]
BLOCK = 1 << 16
"""Bytes that are hashed at a time: the arrays of a pass stay in a CPU's cache."""
SIEVE_BITS = 24


@dataclass(frozen=True)
class Block:
    """Whole files or one piece of a file, one behind the other: data (T,), ends (R,), rows (R,) file numbers.

    begin: where the (one) piece begins in its file. last: whether its file (or all of them) end here.
    """

    data: UInt8
    ends: Int64
    rows: Int64
    begin: int = 0
    last: bool = True

    def keys(self, order: int, *, placed: int) -> UInt64:
        """See grams.keys; pieces overlap, and each n-gram is counted in the piece that it begins in."""
        if placed and self.begin >= placed:
            return np.empty(0, np.uint64)
        data, ends = self.data, self.ends
        if not self.last:  # the next piece begins at BLOCK
            data = data[: min(len(data), BLOCK + order - 1)]
            ends = np.array([len(data)])
        return keys(data, ends, self.rows, order, placed=placed, begin=self.begin)


def blocks(files: Sequence[UInt8], overlap: int) -> Iterator[Block]:
    """Short files together up to BLOCK bytes, long ones alone in pieces of BLOCK and `overlap` more, in their order."""
    held: list[tuple[int, UInt8]] = []
    size = 0
    for row, file in enumerate(files):
        if held and size + len(file) > BLOCK:
            yield _joined(held)
            held, size = [], 0
        if len(file) <= BLOCK:
            held.append((row, file))
            size += len(file)
        else:
            yield from _pieces(row, file, overlap)
    if held:
        yield _joined(held)


def _joined(held: list[tuple[int, UInt8]]) -> Block:
    ends = np.cumsum([len(file) for _, file in held])
    return Block(np.concatenate([file for _, file in held]), ends, np.array([row for row, _ in held]))


def _pieces(row: int, file: UInt8, overlap: int) -> Iterator[Block]:
    for begin in range(0, len(file), BLOCK):
        data = file[begin : begin + BLOCK + overlap]
        last = begin + BLOCK >= len(file)
        yield Block(data, np.array([len(data)]), np.array([row]), begin, last)


@dataclass(frozen=True)
class Tally:
    """What of a vocabulary stands in files: by entries, ordered by row and then by place in the vocabulary.

    rows (E,), entries (E,) places in the vocabulary, counts (E,) how often, all int64.
    """

    rows: Int64
    entries: Int64
    counts: Int64


class Sieve:
    """Lets every known hash pass and most others not: a table of 2^24 flags by the top bits of a hash (Bloom 1970).

    Most n-grams of a file are known to nobody; they need not be sorted and searched for.
    """

    def __init__(self, known: Int64) -> None:
        self.known = known
        self._flags = np.zeros(1 << SIEVE_BITS, np.bool_)
        self._flags[known >> (HASH_BITS - SIEVE_BITS)] = True

    def passing(self, found: UInt64) -> UInt64:
        """Those of the keys (n,) whose hash may be known."""
        passing: UInt64 = found[self._flags[found >> np.uint64(64 - SIEVE_BITS)]]
        return passing


def tallied(files: Sequence[UInt8], kinds: GramKinds, known: Int64, sieve: Sieve | None = None) -> Tally:
    """Count the known n-grams of whole files. known: (V,) hashes, rising. Any length, in memory for BLOCK bytes."""
    parts: list[Tally] = []
    piece: Tally | None = None
    for block in blocks(files, max(kinds.orders) + 8):
        found = _of_block(block, kinds, known, sieve)
        whole = block.last and block.begin == 0
        if not whole:
            found = found if piece is None else _merged([piece, found])
            piece = None if block.last else found
        if block.last:
            parts.append(found)
    return _merged(parts)


def _of_block(block: Block, kinds: GramKinds, known: Int64, sieve: Sieve | None) -> Tally:
    """What a block holds; sorted keys make the bisection walk through memory in one direction."""
    passes = (block.keys(order, placed=placed) for order, placed in kinds.passes)
    found = np.concatenate([keys if sieve is None else sieve.passing(keys) for keys in passes])
    found.sort()
    begins = np.flatnonzero(np.diff(found, prepend=~found[:1]))
    counts = np.diff(begins, append=len(found))
    unique = found[begins]
    hashes = (unique >> np.uint64(ROW_BITS)).astype(np.int64)
    entries = np.searchsorted(known, hashes)
    hit = np.flatnonzero(known[np.minimum(entries, len(known) - 1)] == hashes) if len(known) else np.empty(0, np.int64)
    rows = (unique[hit] & np.uint64((1 << ROW_BITS) - 1)).astype(np.int64)
    return Tally(rows, entries[hit], counts[hit])


def _merged(parts: list[Tally]) -> Tally:
    """All parts as one; what stands in several of them is added up."""
    if not parts:
        none = np.empty(0, np.int64)
        return Tally(none, none, none)
    rows, entries, counts = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("rows", "entries", "counts")
    )
    both = rows << np.int64(HASH_BITS - 1) | entries
    order = np.argsort(both, kind="stable")
    both, counts = both[order], counts[order]
    begins = np.flatnonzero(np.diff(both, prepend=-1))
    total = np.add.reduceat(counts, begins) if len(begins) else counts
    return Tally(rows[order][begins], entries[order][begins], total)
