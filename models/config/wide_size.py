"""How large the wide branch of Octet's own model is: while it is fitted, what is kept of it, and while it answers.

Bounds by arithmetic, from the bytes of the data set alone: which n-grams recur is known only once they are counted, and
mostly far fewer do than could.
"""

from collections.abc import Sequence

from models.config.load import FLOAT
from models.config.octet import OctetConfig
from models.config.targets import TargetSpec

FITTING_BYTES = 64
"""Held of a byte of the data set while it is fitted, where it may."""
FITTING_LEAST = 100 * 10**6
WEIGHTS = 2**23
"""As models.training.wide.fit.WEIGHTS: numbers in all columns together."""
HASH = 8
PASSES = 10
"""Kinds of n-grams at most: the orders of the greatest effort, and three orders told apart by place."""
LEAST_FILES = 2
"""An n-gram is kept that stands in so many training files at least."""
LEVELS = 2.6
"""Sum of 1 / level, where a number is learnt: a feature of level k takes the room of k places in a file."""
KERNEL_BYTES, KERNEL_FILES = 2**18, 4_096
"""As MOST_BYTES and MOST_FILES of models.training.wide.kernel_fit, of the training files."""
KERNEL_SHARE = 4
"""A set of so many times KERNEL_BYTES is taken for too large: less than a quarter of it would have to train."""
OF_A_BYTE, OF_A_FILE = 5 * 32, 1_080
"""What a kernel machine keeps: of each of five n-grams that begin at a byte, and of a file."""
MATRICES = 4
"""Held at once while a kernel machine is fitted, float64, training files by training files: the kernel, the part of it
that a fold is fitted to, the same with its ridge, and its factors."""
SIEVE_BYTES, ANSWERING_BYTES = 2**24, 30 * 10**6
"""The sieve in front of the hashes, and what a block of bytes takes on its way."""
PAIRED = 5 * 40
"""What a kernel machine takes of a byte of its training files while it answers: five n-grams that all are found."""


def fitting_bytes(
    octet: OctetConfig, targets: Sequence[TargetSpec], data_bytes: int | None, files: int | None
) -> float:
    """The most that it holds while it is fitted. data_bytes, files: of the whole data set; None: not known.

    A kernel machine is fitted after the n-grams were, whose room it takes; its matrices are not bounded by the setting.
    """
    if not octet.wide:
        return 0.0
    most = octet.wide_memory_mb * 10.0**6
    grams = most if data_bytes is None else min(most, FITTING_LEAST + FITTING_BYTES * float(data_bytes))
    if not _numbers(targets):
        return grams
    side = min(KERNEL_FILES, _remembered(data_bytes), KERNEL_FILES if files is None else files)
    return max(grams, FITTING_LEAST + 8.0 * MATRICES * side**2)


def kept_bytes(octet: OctetConfig, targets: Sequence[TargetSpec], data_bytes: int | None) -> int:
    """The most that its hashes and weights, and its kernel machines, take in memory and in a checkpoint."""
    if not octet.wide:
        return 0
    columns = sum(1 if target.outputs == 2 else target.outputs for target in targets)
    features = WEIGHTS // columns
    if data_bytes is not None:
        levels = LEVELS if _numbers(targets) else 1.0
        features = min(features, round(levels * PASSES * data_bytes / LEAST_FILES))
    remembered = _remembered(data_bytes)
    kernel = OF_A_BYTE * remembered + OF_A_FILE * min(remembered, KERNEL_FILES)
    return (HASH + FLOAT * columns) * features + _numbers(targets) * kernel


def answering_bytes(octet: OctetConfig, targets: Sequence[TargetSpec], data_bytes: int | None) -> int:
    """The most that it takes to answer, beside what is kept."""
    if not octet.wide:
        return 0
    return SIEVE_BYTES + ANSWERING_BYTES + (PAIRED * _remembered(data_bytes) if _numbers(targets) else 0)


def _numbers(targets: Sequence[TargetSpec]) -> int:
    """How many of the targets are numbers, for which kernel machines are tried."""
    return sum(target.classes is None for target in targets)


def _remembered(data_bytes: int | None) -> int:
    """Bytes of the training files that a kernel machine may be fitted to; 0: too many for one."""
    if data_bytes is None:
        return KERNEL_BYTES
    return 0 if data_bytes > KERNEL_SHARE * KERNEL_BYTES else min(data_bytes, KERNEL_BYTES)
