"""Kernel ridge regression on counts of n-grams: exact, for sets that are small enough."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.nn.wide.grams import ROW_BITS, UInt8
from models.nn.wide.kernel import ORDERS, KernelMachine, log_counts
from models.nn.wide.tally import blocks

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

MOST_FILES = 4_096
MOST_BYTES = 1 << 18
"""Of all training files: the checkpoint keeps their n-grams, up to 100 bytes for each byte."""
RIDGES = (0.1, 0.03, 0.01, 0.003)
FOLDS = 5
FEWEST_FILES = FOLDS
"""A fold needs a file."""


def small_enough(lengths: Int64) -> bool:
    """Whether a kernel machine may be fitted to files of these lengths (n,)."""
    return FEWEST_FILES <= len(lengths) <= MOST_FILES and int(lengths.sum()) <= MOST_BYTES


def forecast_s(files: int) -> float:
    """Seconds of `fit_kernel`, measured on one core: rows of the kernel, and a solution for each fold and ridge."""
    return files * (5e-4 + 7e-7 * files) + 2.5e-10 * files**3


def fit_kernel(
    machine: KernelMachine, files: Sequence[UInt8], labels: Float64, seed: int, go_on: Callable[[], None]
) -> None:
    """Fit to files and numbers (n,); the ridge is chosen by folds."""
    _remember(machine, files)
    kernel = np.empty((len(files), len(files)))
    for at, file in enumerate(files):
        go_on()
        kernel[at] = machine.rows([file])[0]
    kernel = (kernel + kernel.T) / 2
    ridge = RIDGES[int(np.argmin(_fold_errors(kernel, labels, seed, go_on)))]
    alpha, offset = _solved(kernel, labels, ridge)
    machine.set(alpha=alpha, offset=np.array([offset]))


def _solved(kernel: Float64, labels: Float64, ridge: float) -> tuple[Float64, float]:
    """Coefficients (n,) and the mean that they add to."""
    offset = float(labels.mean())
    alpha = np.linalg.solve(kernel + ridge * np.eye(len(kernel)), labels - offset)
    return np.asarray(alpha, np.float64), offset


def _fold_errors(kernel: Float64, labels: Float64, seed: int, go_on: Callable[[], None]) -> Float64:
    """(ridges,) mean squared error of files that were left out."""
    order = np.random.default_rng(seed).permutation(len(labels))
    total = np.zeros(len(RIDGES))
    for fold in range(FOLDS):
        out = np.sort(order[fold::FOLDS])
        rest = np.setdiff1d(order, out)
        for at, ridge in enumerate(RIDGES):
            go_on()
            alpha, offset = _solved(kernel[np.ix_(rest, rest)], labels[rest], ridge)
            total[at] += np.sum((kernel[np.ix_(out, rest)] @ alpha + offset - labels[out]) ** 2)
    mean: Float64 = total / len(labels)
    return mean


def _remember(machine: KernelMachine, files: Sequence[UInt8]) -> None:
    """Store what the kernel needs of the training files."""
    parts = []
    for at, order in enumerate(ORDERS):
        keys = np.concatenate([block.keys(order, placed=0) for block in blocks(files, order)])
        unique, counts = np.unique(keys, return_counts=True)
        parts.append((unique, counts, np.full(len(unique), at)))
    keys, counts, orders = (np.concatenate(values) for values in zip(*parts, strict=True))
    order_by_key = np.argsort(keys, kind="stable")
    keys, counts, orders = keys[order_by_key], counts[order_by_key], orders[order_by_key]
    hashes = keys >> np.uint64(ROW_BITS)
    first = np.flatnonzero(np.diff(hashes, prepend=~hashes[:1]))
    logs = np.stack([log_counts(file) for file in files])
    spread = float(np.mean(np.sum((logs - logs.mean(0)) ** 2, axis=1, dtype=np.float64)))
    machine.set(
        hashes=hashes[first],
        orders=orders[first],
        begins=np.append(first, len(hashes)),
        files=keys & np.uint64((1 << ROW_BITS) - 1),
        counts=counts,
        sizes=np.maximum(np.array([len(file) for file in files])[:, None] - np.array(ORDERS) + 1, 0),
        values_log=logs,
        spread=np.array([max(spread, 1e-12)]),
    )
