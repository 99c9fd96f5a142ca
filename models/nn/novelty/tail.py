"""How probable a value beyond all that was seen is: the tail of a sample, smoothed by a generalised Pareto law."""

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

GRID = 128
"""Quantiles that stand for the sample below its tail."""
SHAPES = (-0.25, 0.2)
"""Bounds of the law's shape: below 0 the tail has an end, above it is heavier than an exponential one."""
LEAST = -30.0
"""No value is less probable than exp of this below its tail: one number alone must not decide everything."""
TAIL_SHARE, TAIL_FILES = 0.1, 10
"""The tail is the upper tenth of the sample, and ten values at least; a shape is believed from twice as many on."""


def fit_tail(values: Float64) -> Float64:
    """A sample (n,), n > 0, as (GRID + 4,): quantiles, then start, share, scale and shape of its upper tail.

    Peaks over a threshold (Pickands 1975); scale and shape by probability-weighted moments (Hosking and Wallis,
    Technometrics 29, 1987), the shape drawn towards 0 where the tail has few values.
    """
    rising = np.sort(values)
    n = len(rising)
    count = max(int(n * TAIL_SHARE), min(TAIL_FILES, n))
    start = rising[-count]
    beyond = rising[-count:] - start
    mean = float(beyond.mean())
    weighted = float((beyond * (count - 1 - np.arange(count)) / max(count - 1, 1)).mean())
    shape = 2.0 - mean / (mean - 2.0 * weighted) if mean > 2.02 * weighted else 0.0
    shape = float(np.clip(shape * count / (count + 2 * TAIL_FILES), *SHAPES))
    least = max(0.02 * float(rising.std()), 1e-3 * float(np.abs(rising).mean()), 1e-6)
    scale = max(mean * (1.0 - shape), least)
    return np.concatenate([np.quantile(rising, np.linspace(0, 1, GRID)), [start, count / n, scale, shape]])


def log_tail(fitted: Float64, values: Float64) -> Float64:
    """(GRID + 4,) from `fit_tail`, values (N,) -> (N,) log of the share of the sample that is as large or larger."""
    grid, (start, share, scale, shape) = fitted[:GRID], fitted[GRID:]
    within = np.log((GRID - np.searchsorted(grid, values, side="left") + 0.5) / (GRID + 0.5))
    beyond = np.maximum(values - start, 0.0) / scale
    fallen = -beyond if abs(shape) < 1e-6 else -np.log(np.maximum(1.0 + shape * beyond, 1e-9)) / shape
    tail: Float64 = np.where(values <= start, within, np.log(share) + np.maximum(fallen, LEAST))
    return tail
