"""L-BFGS in the space of functions: for a convex loss with an L2 penalty, at one Gram product a step."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training.wide.losses import Loss

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]

HISTORY = 8
LEAST_HISTORY = 2
VECTORS = 22
"""Arrays of (N, W) that live at once beside the history: measured, 116 bytes a number in all."""
TOLERANCE = 1e-3
"""Where to stop: norm of the gradient, by the root of the number of labelled files."""


@dataclass(frozen=True)
class Solution:
    """alpha, scores: (N, W) float32; scores = K alpha, files without labels included. steps: taken for this l2."""

    l2: float
    alpha: Float32
    scores: Float32
    steps: int


def least_bytes(files: int, columns: int) -> int:
    """What the vectors of a solution take at the peak with the shortest history, however little memory there is."""
    return 4 * files * columns * (VECTORS + 4 * LEAST_HISTORY)


@dataclass(frozen=True)
class _Pair:
    """A step and the change of the gradient, each as coefficients and as scores; curve: their inner product."""

    step: tuple[Float32, Float32]
    change: tuple[Float32, Float32]
    curve: float


def path(
    times: Callable[[Float32], Float32],
    loss: Loss,
    labelled: Int64,
    files: int,
    penalties: Sequence[float],
    steps: int,
    history: int = HISTORY,
) -> Iterator[Solution]:
    """Minimise loss(K a) + l2 / 2 a' K a for each l2, each from the one before; at most `steps` steps each.

    By the representer theorem this is the L2-penalised problem in the weights w = B'a, and its L-BFGS (Nocedal &
    Wright 2006, algorithm 7.4) is the one in w step for step, since every direction is B' times coefficients: so
    the inner product is a' K b, vectors have N numbers in place of F, and the line search costs no product. The only
    product of a step is that of K with the gradient.
    labelled: (n,) rows that the loss is over, in its order. Deterministic for the same number of threads.
    """
    shape = (files, loss.columns)
    alpha, scores = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for l2 in penalties:
        pairs: list[_Pair] = []
        last: tuple[Float32, Float32, Float32, Float32] | None = None
        taken = 0
        while taken < steps:
            taken += 1
            gradient = np.float32(l2) * alpha
            gradient[labelled] += loss.gradient(scores[labelled])
            of_gradient = times(gradient)
            if _dot(gradient, of_gradient) < TOLERANCE**2 * len(labelled):
                break
            if last is not None:
                pairs = _with(pairs, last, gradient, of_gradient, history)
            d, of_d = _direction(pairs, gradient, of_gradient)
            size = _line(loss, labelled, l2, alpha, scores, d, of_d)
            if not np.isfinite(size) or size <= 0:
                break
            d, of_d = np.float32(size) * d, np.float32(size) * of_d
            alpha, scores = alpha + d, scores + of_d
            last = (gradient, of_gradient, d, of_d)
        yield Solution(l2, alpha, scores, taken)


def _with(
    pairs: list[_Pair],
    last: tuple[Float32, Float32, Float32, Float32],
    gradient: Float32,
    of_gradient: Float32,
    history: int,
) -> list[_Pair]:
    """The newest pairs, this one included where it curves upwards (rounding may hide that)."""
    old, of_old, step, of_step = last
    change = (gradient - old, of_gradient - of_old)
    curve = _dot(step, change[1])
    return [*pairs, _Pair((step, of_step), change, curve)][-history:] if curve > 1e-10 else pairs


def _direction(pairs: list[_Pair], gradient: Float32, of_gradient: Float32) -> tuple[Float32, Float32]:
    """The two loops: minus the gradient times an estimate of the inverse Hessian, as coefficients and as scores."""
    d, of_d, shares = -gradient, -of_gradient, []
    for pair in reversed(pairs):
        share = np.float32(_dot(pair.step[0], of_d) / pair.curve)
        shares.append(share)
        d, of_d = d - share * pair.change[0], of_d - share * pair.change[1]
    if pairs:
        newest = pairs[-1]
        scale = np.float32(newest.curve / _dot(newest.change[0], newest.change[1]))
        d, of_d = scale * d, scale * of_d
    for pair, share in zip(pairs, reversed(shares), strict=True):
        rest = share - np.float32(_dot(pair.change[0], of_d) / pair.curve)
        d, of_d = d + rest * pair.step[0], of_d + rest * pair.step[1]
    return d, of_d


def _line(loss: Loss, labelled: Int64, l2: float, alpha: Float32, scores: Float32, d: Float32, of_d: Float32) -> float:
    """How far to go along d: Newton's method on the convex loss along the line, which costs no product with K."""
    v, w = scores[labelled], of_d[labelled]
    slope, curve, size = l2 * _dot(alpha, of_d), l2 * _dot(d, of_d), 0.0
    for _ in range(6):
        first, second = loss.along(v + np.float32(size) * w, w)
        change = (first + slope + size * curve) / max(second + curve, 1e-30)
        size -= change
        if abs(change) <= 1e-3 * abs(size):
            break
    return size


def _dot(a: Float32, b: Float32) -> float:
    """Sum of products in float64."""
    return float(np.sum(a * b, dtype=np.float64))
