"""How long the wide branch will take on a data set: measured on a sample of its files."""

import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from models.config import TargetSpec
from models.nn.wide.head import columns_of
from models.nn.wide.tally import blocks
from models.packed import PackedDataset
from models.training.wide.effort import EFFORTS, Effort, recipe_of
from models.training.wide.kernel_fit import forecast_s, small_enough
from models.training.wide.line import rarities
from models.training.wide.sparse import summed

Int64 = NDArray[np.int64]

SAMPLE_BYTES = 500_000
KEPT = 0.6
"""Of the pairs of n-gram and file; n-grams of too few files go, which a sample cannot tell (IMDB 0.55, esol 0.75)."""
STEPS = 1.1
"""Of the steps that one way down the penalties allows: a warm start needs fewer, but the way is gone twice."""
MARGIN = 1.3
"""Over what is measured: a sample fits into caches where the whole does not."""


def estimate(
    dataset: PackedDataset,
    train: Int64,
    valid: Int64,
    targets: Sequence[TargetSpec],
    *,
    effort: Effort = EFFORTS[0],
) -> float:
    """Seconds that fit_wide will take, from files evenly spread over the set; itself under a second or two."""
    places = np.concatenate([train, valid])
    lengths = np.asarray(dataset.lengths)[places]
    step = max(1, int(np.ceil(lengths.sum() / SAMPLE_BYTES)))
    files = [dataset.read(int(place))[:SAMPLE_BYTES] for place in places[::step]]
    recipe = recipe_of(effort, lengths[: len(train)], targets)
    share = sum(len(file) for file in files) / max(int(lengths.sum()), 1)
    began, pairs = time.perf_counter(), 0
    for order, placed in recipe.passes:
        keys = np.concatenate([block.keys(order, placed=placed) for block in blocks(files, max(recipe.orders) + 8)])
        keys.sort()
        again = keys.copy()  # the matrix is sorted once more, by file
        again.sort()
        pairs += int(np.count_nonzero(np.diff(keys))) + 1
    gathering = 2.0 * (time.perf_counter() - began)
    rounds = 2 + STEPS * len(effort.penalties) * effort.steps
    kept, share = KEPT * pairs, max(share, 1e-9)
    fits = sum(len(rarities(kept / share, target)) * _pair_s(columns_of(target.outputs)) for target in targets)
    machines = sum(target.classes is None for target in targets) if small_enough(lengths) else 0
    return MARGIN * ((gathering + kept * rounds * fits) / share + 2 * machines * forecast_s(len(lengths)))


def _pair_s(columns: int) -> float:
    """Seconds of one pair of file and feature in one step: both sides of the matrix, with so many columns."""
    files, pairs = 20_000, 1 << 20
    rows = torch.arange(0, pairs + 1, 20, dtype=torch.int32)
    where = (torch.arange(pairs, dtype=torch.int64) * 7919 % files).to(torch.int32)
    x, times = torch.ones(files, columns), []
    for _ in range(3):
        began = time.perf_counter()
        summed(rows, where, x)
        times.append(time.perf_counter() - began)
    return 2.0 * min(times) / pairs
