"""What the wide branch will take on a data set: time, measured on a sample of its files or by arithmetic, and disk."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from models.config import TargetSpec
from models.nn.wide.gram_kinds import GramKinds
from models.nn.wide.grams import UInt8
from models.nn.wide.head import columns_of
from models.nn.wide.tally import blocks
from models.packed import PackedDataset
from models.training.wide.effort import EFFORTS, Effort, kinds_for
from models.training.wide.excerpts import Excerpts
from models.training.wide.features import kept_bytes
from models.training.wide.kernel_fit import forecast_s, small_enough
from models.training.wide.line import rarities
from models.training.wide.solver import least_bytes
from models.training.wide.sparse import summed
from models.training.wide.spool import BYTES_PER_KEY

Int64 = NDArray[np.int64]

SAMPLE_BYTES = 500_000
KEPT = 0.6
"""Of the pairs of n-gram and file; n-grams of too few files go, which a sample cannot tell (IMDB 0.55, esol 0.75)."""
STEPS = 1.1
"""Of the steps that one way down the penalties allows: a warm start needs fewer, but the way is gone twice."""
MARGIN = 1.3
"""Over what is measured: a sample fits into caches where the whole does not."""
COLUMNS = 8
"""So many are timed at most; from there on the time of a product goes by their number."""
PAIR_BYTES = 9
"""Of a pair on both sides of the matrix, and the share of its feature."""
DISK_BYTES_S = 1e9
"""How fast scratch files are read: between a disk (0.3 or less) and files that the system has in memory (3)."""
KEY_S, PAIR_S, DISTINCT = 200e-9, 4e-9, 0.6
"""Where nothing is measured, what one core was seen to take: seconds of a byte and order, of a pair and column in a
step; and how many of a text's n-grams are distinct ones of their file (IMDB 0.5 to 0.9 by order)."""


@dataclass(frozen=True)
class Forecast:
    """seconds of the fit. scratch: bytes on disk at its peak. vectors: bytes that the solver holds at least."""

    seconds: float
    scratch: int
    vectors: int


@dataclass(frozen=True)
class _Task:
    """What is to be fitted: n-grams of the kinds, of files of these lengths, to each target."""

    files: Excerpts
    lengths: Int64
    kinds: GramKinds
    targets: Sequence[TargetSpec]
    effort: Effort
    memory_bytes: int

    @property
    def keys(self) -> int:
        """N-grams that are read, repeated ones included."""
        total = int(self.lengths.sum())
        return sum(int(np.minimum(self.lengths, placed or total).sum()) for _, placed in self.kinds.passes)

    def forecast(self, gathering: float, pairs: float, pair_s: Callable[[int], float]) -> Forecast:
        """pairs: in the matrix. pair_s: seconds of one in one step, with so many columns."""
        total = int(self.lengths.sum())
        columns = [columns_of(target.outputs) for target in self.targets]
        vectors = least_bytes(len(self.lengths), max(columns))
        rounds = 2 + STEPS * len(self.effort.penalties) * self.effort.steps
        spooled = 8 * total if total * BYTES_PER_KEY > self.memory_bytes // 2 else 0
        mapped = max(0.0, PAIR_BYTES * pairs - kept_bytes(self.memory_bytes, vectors))
        fits = [len(rarities(pairs, target)) for target in self.targets]
        moved = 2 * spooled * len(self.kinds.passes) + mapped * (1 + rounds * sum(fits))
        solving = pairs * rounds * sum(n * pair_s(width) for n, width in zip(fits, columns, strict=True))
        machines = sum(target.classes is None for target in self.targets) if small_enough(self.lengths) else 0
        solving += 2 * machines * forecast_s(len(self.lengths))
        seconds = MARGIN * (gathering + solving) + moved / DISK_BYTES_S
        return Forecast(seconds, int(spooled + mapped), vectors)


def forecast(
    dataset: PackedDataset,
    train: Int64,
    valid: Int64,
    targets: Sequence[TargetSpec],
    *,
    sampled: bool,
    effort: Effort = EFFORTS[0],
    memory_bytes: int = 2_000_000_000,
) -> Forecast:
    """What fit_wide will take.

    sampled: from files evenly spread over the set, timed here; itself a second or two for the first effort. Else by
    arithmetic on lengths alone: nothing is measured or read, so it is the same on every machine.
    """
    files = Excerpts(dataset, np.concatenate([train, valid]))
    kinds = kinds_for(effort, np.asarray(dataset.lengths)[train], targets)
    task = _Task(files, files.lengths(), kinds, targets, effort, memory_bytes)
    return _sampled(task) if sampled else task.forecast(KEY_S * task.keys, KEPT * DISTINCT * task.keys, _usual_pair_s)


def _usual_pair_s(columns: int) -> float:
    return PAIR_S * columns


def _sampled(task: _Task) -> Forecast:
    total = int(task.lengths.sum())
    step = max(1, int(np.ceil(total / SAMPLE_BYTES)))
    files = [file[:SAMPLE_BYTES] for file in (task.files[at] for at in range(0, len(task.files), step))]
    share = max(sum(len(file) for file in files) / max(total, 1), 1e-9)
    gathering, pairs = _gathered(files, task.kinds)

    def pair_s(columns: int) -> float:
        return _pair_s(min(columns, COLUMNS), torch.get_num_threads()) * max(1, columns / COLUMNS)

    return task.forecast(gathering / share, KEPT * pairs / share, pair_s)


def _gathered(files: Sequence[UInt8], kinds: GramKinds) -> tuple[float, int]:
    """Seconds of gathering a sample, and its pairs of n-gram and file."""
    began, pairs = time.perf_counter(), 0
    for order, placed in kinds.passes:
        keys = np.concatenate([block.keys(order, placed=placed) for block in blocks(files, max(kinds.orders) + 8)])
        keys.sort()
        again = keys.copy()  # the matrix is sorted once more, by file
        again.sort()
        pairs += int(np.count_nonzero(np.diff(keys))) + 1
    return 2.0 * (time.perf_counter() - began), pairs


@cache
def _pair_s(columns: int, threads: int) -> float:
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
