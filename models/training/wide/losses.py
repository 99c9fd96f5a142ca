"""Convex losses over columns of scores: what a target wants of the wide branch."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]


class Loss(Protocol):
    """A sum over labelled files; v is (n, W) float32 scores, W columns as models.nn.wide.head.columns_of says."""

    @property
    def columns(self) -> int:
        """W."""

    def gradient(self, v: Float32) -> Float32:
        """(n, W), by v."""

    def along(self, v: Float32, d: Float32) -> tuple[float, float]:
        """First and second derivative of the loss at v in direction d."""

    def mean(self, v: Float32) -> float:
        """Mean over the files."""


@dataclass(frozen=True)
class Logistic:
    """Two classes, one column: the logit of class 1. labels: (n,) 0 or 1."""

    labels: Int64
    columns: int = 1

    def gradient(self, v: Float32) -> Float32:
        """See Loss: probability minus label."""
        return (_sigmoid(v[:, 0]) - self.labels).astype(np.float32)[:, None]

    def along(self, v: Float32, d: Float32) -> tuple[float, float]:
        """See Loss."""
        p, d = _sigmoid(v[:, 0]), d[:, 0]
        return float(np.sum((p - self.labels) * d, dtype=np.float64)), float(
            np.sum(p * (1 - p) * d * d, dtype=np.float64)
        )

    def mean(self, v: Float32) -> float:
        """See Loss: nats."""
        return float(np.mean(np.logaddexp(0.0, np.where(self.labels == 1, -v[:, 0], v[:, 0]))))


@dataclass(frozen=True)
class Softmax:
    """C classes, C columns. labels: (n,) 0 ... C - 1."""

    labels: Int64
    columns: int

    def gradient(self, v: Float32) -> Float32:
        """See Loss: probabilities minus labels."""
        p = _softmax(v)
        p[np.arange(len(p)), self.labels] -= 1
        return p

    def along(self, v: Float32, d: Float32) -> tuple[float, float]:
        """See Loss: the curvature is the variance of d under the probabilities."""
        p = _softmax(v)
        mean = np.sum(p * d, axis=1, keepdims=True)
        slope = np.sum(mean[:, 0] - d[np.arange(len(d)), self.labels], dtype=np.float64)
        return float(slope), float(np.sum(p * (d - mean) ** 2, dtype=np.float64))

    def mean(self, v: Float32) -> float:
        """See Loss: nats."""
        top = v.max(axis=1, keepdims=True)
        total = top[:, 0] + np.log(np.exp(v - top).sum(axis=1))
        return float(np.mean(total - v[np.arange(len(v)), self.labels], dtype=np.float64))


@dataclass(frozen=True)
class Squared:
    """Half the squared distance from numbers, one column. labels: (n,) float32."""

    labels: Float32
    columns: int = 1

    def gradient(self, v: Float32) -> Float32:
        """See Loss."""
        return v - self.labels[:, None]

    def along(self, v: Float32, d: Float32) -> tuple[float, float]:
        """See Loss."""
        return float(np.sum(self.gradient(v) * d, dtype=np.float64)), float(np.sum(d * d, dtype=np.float64))

    def mean(self, v: Float32) -> float:
        """See Loss: mean squared error, whole."""
        return float(np.mean((v[:, 0] - self.labels) ** 2, dtype=np.float64))


_SCALES = [2.0 ** (power / 4) for power in range(-12, 17)]


def at_best_scale(loss: Loss, v: Float32) -> float:
    """The mean loss of classes after the best of 29 temperatures (Guo et al. 2017), of numbers as they are.

    L2 shrinks scores; how sure they are is set later, on the blend, and shall not decide how much L2 is right.
    """
    if isinstance(loss, Squared):
        return loss.mean(v)
    return min(loss.mean(v * np.float32(scale)) for scale in _SCALES)


def _sigmoid(v: Float32) -> Float32:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * v)), np.float32)


def _softmax(v: Float32) -> NDArray[np.float32]:
    p: NDArray[np.float32] = np.exp(v - v.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return p
