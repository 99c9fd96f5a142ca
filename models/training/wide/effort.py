"""How much work the wide branch is worth: what is read of a data set, and how long is searched."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.config import TargetSpec
from models.nn.wide.gram_kinds import GramKinds

Int64 = NDArray[np.int64]

COUNTS = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 128, 256)
"""Levels where a number is learnt: how often something stands in a file tells more of a number than of a class."""
CLASS_COUNTS = (1, 2, 4, 8, 16, 32)
"""Levels where classes are learnt from few bytes: pieces of files 0.946 in place of 0.928 with presence alone."""
FEW_BYTES = 1 << 23
"""Of all training files, up to which classes are told apart by counts, too; large sets of texts want presence."""
SAME_LENGTH = 0.5
"""Share of files of one length from which on places are told apart: records, rasters, samples cut to one size."""
PLACED_BYTES = 1024
"""How far from the start of such files."""
HEAD_BYTES = 32
"""How far in other files: many kinds begin with a mark, which the n-grams of a long body would outweigh."""
LONG = 16
"""Heads in the median file from which on it has a head: of short ones it would be most."""


@dataclass(frozen=True)
class Effort:
    """orders: lengths of n-grams. penalties: L2 strengths, tried in turn. steps: L-BFGS steps for each, at most."""

    orders: tuple[int, ...]
    penalties: tuple[float, ...]
    steps: int


EFFORTS = (
    Effort((1, 2, 3, 4, 6, 8, 12), (1.0, 0.3, 0.1, 0.03, 0.01, 0.003), 20),
    Effort((2, 4, 6, 8), (0.3, 0.1, 0.03), 15),
    Effort((3, 5, 7), (0.3, 0.05), 12),
    Effort((2, 5), (0.1,), 12),
)
"""From the best to the quickest. On IMDB n-grams beyond 12 bytes add nothing to the first."""


def kinds_for(effort: Effort, lengths: Int64, targets: Sequence[TargetSpec]) -> GramKinds:
    """What to look at. lengths: of the training files."""
    numbers = any(target.classes is None for target in targets)
    most = np.unique(lengths, return_counts=True)[1].max()
    head = HEAD_BYTES if np.median(lengths) >= LONG * HEAD_BYTES else 0
    placed = PLACED_BYTES if most >= SAME_LENGTH * len(lengths) else head
    levels = COUNTS if numbers else CLASS_COUNTS if lengths.sum() <= FEW_BYTES else (1,)
    return GramKinds(effort.orders, levels, placed=placed)


def min_files_of(train: int) -> int:
    """In how many training files an n-gram must stand: one of 3 in 22,500 files tells nothing that others do not."""
    return 2 if train < 2_000 else 3 if train < 10_000 else 5
