"""The features of a data set: which n-grams are kept, and a binary matrix of files and features in blocks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.nn.wide.gram_kinds import GramKinds
from models.nn.wide.grams import ROW_BITS, UInt8, UInt64, at_level
from models.nn.wide.tally import blocks
from models.training.wide.shelf import Kept, Shelf
from models.training.wide.sparse import summed
from models.training.wide.spool import Spool

Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]

PAIRS = 1 << 22
"""Pairs of file and feature in a block of the matrix: its two sides stay in reach of the cache."""
BYTES_PER_PAIR = 64
"""What making a block holds at its peak for each pair, and what a product with it holds."""


@dataclass(frozen=True)
class Side:
    """A binary matrix in compressed sparse rows: begins (R + 1,), columns (E,), int32."""

    begins: Kept
    columns: Kept

    def times(self, x: Tensor) -> Tensor:
        """(R, C): the sum of x's rows at the columns of each row. What was mapped for it is given back."""
        product = summed(torch.from_numpy(self.begins.read()), torch.from_numpy(self.columns.read()), x)
        self.begins.give_back()
        self.columns.give_back()
        return product

    def sizes(self) -> Tensor:
        """(R,) int32: how many columns each row has."""
        return torch.from_numpy(self.begins.read()).diff()


@dataclass(frozen=True)
class FeatureBlock:
    """Some features of all files, as the two sides of one binary matrix of E pairs.

    by_feature: (F, N). by_file: (N, F) places in this block.
    """

    kept_hashes: Kept
    kept_seen: Kept
    by_feature: Side
    by_file: Side

    @property
    def count(self) -> int:
        """F."""
        return len(self.kept_hashes)

    @property
    def hashes(self) -> UInt64:
        """(F,) uint64."""
        return self.kept_hashes.read()

    @property
    def seen(self) -> Int64:
        """(F,) int64: in how many training files each feature stands."""
        return self.kept_seen.read()

    def of_features(self, x_NC: Tensor) -> Tensor:
        """(F, C): for each feature the sum over its files. float32."""
        return self.by_feature.times(x_NC)

    def of_files(self, x_FC: Tensor) -> Tensor:
        """(N, C): for each file the sum over its features."""
        return self.by_file.times(x_FC)


@dataclass(frozen=True)
class Features:
    """All blocks; files N, of which the first `train` count in `seen`."""

    blocks: list[FeatureBlock]
    files: int
    train: int

    @property
    def count(self) -> int:
        """F of all blocks."""
        return sum(block.count for block in self.blocks)

    @property
    def pairs(self) -> int:
        """E of all blocks."""
        return sum(len(block.by_file.columns) for block in self.blocks)

    def per_file(self) -> Tensor:
        """(N,) float32: how many features each file has."""
        total = torch.zeros(self.files)
        for block in self.blocks:
            total += block.by_file.sizes()
        return total


def gather(
    files: Sequence[UInt8],
    train: int,
    kinds: GramKinds,
    min_files: int,
    *,
    memory_bytes: int,
    beside_bytes: int = 0,
    scratch: Path,
    go_on: Callable[[], None],
) -> Features:
    """Read whole files for every n-gram of the kinds; keep those of >= min_files, but not all, training files.

    The first `train` files train. Half of memory_bytes is for counting and half for what is kept, less where
    beside_bytes of all are needed once it is counted; what is beyond lies in `scratch`. Raises ScratchFull.
    go_on: called often; it raises to give up. Exact: no n-gram is lost or confused below 2^24 files.
    """
    shelf = Shelf(kept_bytes(memory_bytes, beside_bytes), scratch)
    total, room = sum(len(file) for file in files), _room(len(files), memory_bytes)
    found: list[FeatureBlock] = []
    for order, placed in kinds.passes:
        spool = Spool(total, memory_bytes // 2, scratch, kinds.levels[-1])
        for block in blocks(files, max(kinds.orders) + 8):
            go_on()
            spool.add(block.keys(order, placed=placed))
        for keys in spool.parts():
            go_on()
            for hashes, seen, holders, sizes in _kept(keys, kinds.levels, train, min_files):
                found += _in_blocks(hashes, seen, holders, sizes, len(files), room, shelf)
                go_on()
    return Features(found, len(files), train)


def kept_bytes(memory_bytes: int, beside_bytes: int) -> int:
    """What of the matrix lies in memory at most."""
    return max(0, min(memory_bytes // 2, memory_bytes - beside_bytes))


def _room(files: int, memory_bytes: int) -> int:
    """Pairs of a block: fewer where memory is little, more where the files alone would make many small blocks."""
    return min(max(PAIRS, 8 * files), max(memory_bytes // 4 // BYTES_PER_PAIR, 1))


def _kept(
    keys: UInt64, levels: tuple[int, ...], train: int, min_files: int
) -> Iterator[tuple[UInt64, Int64, Int32, Int64]]:
    """For each level: hashes (F,), training files that have them (F,), files (E,) feature by feature, how many (F,)."""
    begins = np.flatnonzero(np.diff(keys, prepend=~keys[:1]))
    counts = np.diff(begins, append=len(keys)) if len(levels) > 1 else None
    keys = keys[begins]
    for level in levels:
        some = keys if counts is None or level == 1 else keys[counts >= level]
        hashes = some >> np.uint64(ROW_BITS)
        holders = (some & np.uint64((1 << ROW_BITS) - 1)).astype(np.int32)
        first = np.flatnonzero(np.diff(hashes, prepend=~hashes[:1]))
        if not len(first):
            return
        sizes = np.diff(first, append=len(hashes))
        seen = np.add.reduceat((holders < train).astype(np.int64), first)
        # What stands in every file tells nothing, but its counts may: they are looked up by way of it.
        keep = (seen >= min_files) & ((seen < train) | (level < levels[-1]))
        yield at_level(hashes[first[keep]], level), seen[keep], holders[np.repeat(keep, sizes)], sizes[keep]


def _in_blocks(
    hashes: UInt64, seen: Int64, holders: Int32, sizes: Int64, files: int, room: int, shelf: Shelf
) -> Iterator[FeatureBlock]:
    """Cut at whole features; a feature of more than `room` files is a block alone."""
    ends, begin = np.cumsum(sizes), 0
    while begin < len(sizes):
        before = int(ends[begin - 1]) if begin else 0
        end = max(int(np.searchsorted(ends, before + room, "right")), begin + 1)
        some, own = holders[before : int(ends[end - 1])], sizes[begin:end]
        begins = np.concatenate([[0], np.cumsum(own)]).astype(np.int32)
        pairs = some.astype(np.uint64) << np.uint64(32)
        pairs |= np.repeat(np.arange(end - begin, dtype=np.uint64), own)
        pairs.sort()
        per_file = np.bincount(some, minlength=files)
        file_begins = np.concatenate([[0], np.cumsum(per_file)]).astype(np.int32)
        features = pairs.astype(np.uint32).astype(np.int32)
        yield FeatureBlock(
            shelf.keep(hashes[begin:end].copy()),
            shelf.keep(seen[begin:end].copy()),
            Side(shelf.keep(begins), shelf.keep(some.copy())),
            Side(shelf.keep(file_begins), shelf.keep(features)),
        )
        begin = end
