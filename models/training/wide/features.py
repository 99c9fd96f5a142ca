"""The features of a data set: which n-grams are kept, and a binary matrix of files and features in blocks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.nn.wide.grams import ROW_BITS, UInt8, UInt64, at_level
from models.nn.wide.recipe import Recipe
from models.nn.wide.tally import blocks
from models.training.wide.shelf import Shelf
from models.training.wide.sparse import summed
from models.training.wide.spool import Spool

Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]

PAIRS = 1 << 22
"""Pairs of file and feature in a block of the matrix: its two sides stay in reach of the cache."""


@dataclass(frozen=True)
class Block:
    """Some features of all files, as the two sides of one binary matrix of E pairs, in compressed sparse rows, int32.

    hashes (F,) uint64 and seen (F,) int64, in how many training files. by_feature: begins (F + 1,), files (E,).
    by_file: begins (N + 1,), features (E,) places in this block.
    """

    hashes: UInt64
    seen: Int64
    by_feature: tuple[Tensor, Tensor]
    by_file: tuple[Tensor, Tensor]

    def of_features(self, x_NC: Tensor) -> Tensor:
        """(F, C): for each feature the sum over its files. float32."""
        return summed(*self.by_feature, x_NC)

    def of_files(self, x_FC: Tensor) -> Tensor:
        """(N, C): for each file the sum over its features."""
        return summed(*self.by_file, x_FC)


@dataclass(frozen=True)
class Features:
    """All blocks; files N, of which the first `train` count in `seen`."""

    blocks: list[Block]
    files: int
    train: int

    @property
    def count(self) -> int:
        """F of all blocks."""
        return sum(len(block.hashes) for block in self.blocks)

    def per_file(self) -> Tensor:
        """(N,) float32: how many features each file has."""
        total = torch.zeros(self.files)
        for block in self.blocks:
            total += block.by_file[0].diff()
        return total


def gather(
    files: Sequence[UInt8],
    train: int,
    recipe: Recipe,
    min_files: int,
    *,
    memory_bytes: int,
    scratch: Path,
    go_on: Callable[[], None],
) -> Features:
    """Read whole files for every n-gram of the recipe; keep those of >= min_files, but not all, training files.

    The first `train` files train. Half of memory_bytes is for counting and half for what is kept; what is beyond lies
    in `scratch`. go_on: called often; it raises to give up. Exact: no n-gram is lost or confused below 2^24 files.
    """
    total, shelf = sum(len(file) for file in files), Shelf(memory_bytes // 2, scratch)
    found: list[Block] = []
    for order, placed in recipe.passes:
        spool = Spool(total, memory_bytes // 2, scratch)
        for block in blocks(files, max(recipe.orders) + 8):
            go_on()
            spool.add(block.keys(order, placed=placed))
        for keys in spool.parts():
            go_on()
            for hashes, seen, holders, sizes in _kept(keys, recipe.levels, train, min_files):
                found += _in_blocks(hashes, seen, holders, sizes, len(files), shelf)
                go_on()
    return Features(found, len(files), train)


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


def _in_blocks(hashes: UInt64, seen: Int64, holders: Int32, sizes: Int64, files: int, shelf: Shelf) -> Iterator[Block]:
    """Cut at whole features; a feature of more than PAIRS files is a block alone."""
    ends = np.cumsum(sizes)
    room, begin = max(PAIRS, 8 * files), 0
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
        yield Block(
            hashes[begin:end],
            seen[begin:end],
            (shelf.keep(begins), shelf.keep(some.copy())),
            (shelf.keep(file_begins), shelf.keep(features)),
        )
        begin = end
