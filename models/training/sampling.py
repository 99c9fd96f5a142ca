"""Which file and which crop stand at (seed, epoch, position): a pure function, so that a resume needs no replay.

Every number comes from numpy's Philox, a counter-based generator: key = (seed, what it is for), counter = (position, 0,
epoch or step, 0). Only its raw 64-bit integers are used, whose stream numpy keeps stable between versions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ORDER, CROP, STEP = 1, 2, 3
"""What random numbers are drawn for; each has its own stream."""


def stream(seed: int, purpose: int, index: int) -> np.random.Philox:
    """The stream of random numbers of one purpose at one epoch or step."""
    return np.random.Philox(key=[seed % 2**64, purpose], counter=[0, 0, index, 0])


def unit(raw: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Raw 64-bit integers as numbers in [0, 1): their top 53 bits."""
    return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53


def seed_of_step(seed: int, step: int) -> int:
    """The seed of everything torch draws within one step (dropout, stochastic depth), in [0, 2^63)."""
    return int(stream(seed, STEP, step).random_raw()) >> 1


@dataclass
class Sampler:
    """The order of training files and their crops.

    files: (n,) int64 positions in the data set. weights: (n,) float64 chances of being drawn, with replacement, or None
    for each file once an epoch in random order.
    """

    files: NDArray[np.int64]
    seed: int
    weights: NDArray[np.float64] | None = None
    _drawn: tuple[int, NDArray[np.int64], NDArray[np.float64]] | None = field(default=None, init=False, repr=False)

    def batch(self, step: int, size: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Files (size,) int64 and crop numbers (size,) float64 in [0, 1) of the batch at a step, counted from 0.

        An epoch is len(files) // size steps; what is left over is dropped.
        """
        epoch, place = divmod(step, len(self.files) // size)
        if self._drawn is None or self._drawn[0] != epoch:
            self._drawn = (epoch, *self._draw(epoch))
        here = slice(place * size, (place + 1) * size)
        return self._drawn[1][here], self._drawn[2][here]

    def _draw(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """All files and crop numbers of one epoch, by position."""
        count = len(self.files)
        raw = stream(self.seed, ORDER, epoch).random_raw(count)
        if self.weights is None:
            order = np.argsort(raw, kind="stable")
        else:
            edges = np.cumsum(self.weights)
            order = np.searchsorted(edges, unit(raw) * edges[-1], side="right").clip(max=count - 1)
        return self.files[order], unit(stream(self.seed, CROP, epoch).random_raw(count))


def crop_starts(
    lengths: NDArray[np.int64], crops: NDArray[np.float64], max_length: int, crop: Literal["uniform", "from_start"]
) -> NDArray[np.int64]:
    """Where reading begins in each file, (B,) int64.

    uniform: one of {0 .. length - max_length - 1}, as EIR draws it (never the very last); files that fit start at 0.
    """
    if crop == "from_start":
        return np.zeros(len(lengths), np.int64)
    return np.floor(crops * np.maximum(lengths - max_length, 0)).astype(np.int64)


def class_balance(columns: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Chance of each file by the rarity of its classes, (n,): the sum over columns of 1 / count(class), as in EIR.

    columns: (n,) int64 class numbers. A missing one, -1, adds nothing: a file without any of these labels is not drawn.
    """
    total = np.zeros(len(columns[0]))
    for labels in columns:
        known = labels >= 0
        counts = np.bincount(labels[known])
        total[known] += 1.0 / counts[labels[known]]
    return total
