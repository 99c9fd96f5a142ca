"""From the windows of a sample to its features: mean or maximum over time, or everything."""

from typing import Literal

from torch import Tensor

Pool = Literal["avg", "max"] | None


def pool_windows(x_NWd: Tensor, pool: Pool) -> Tensor:
    """(N, W, d) -> (N, d) by mean or maximum over time; unchanged without pooling."""
    if pool is None:
        return x_NWd
    return x_NWd.mean(1) if pool == "avg" else x_NWd.amax(1)


def join_windows(pooled: Tensor, windows: int) -> Tensor:
    """Windows of a sample in their order: (N, d) -> (B, n * d), or (N, W, d) -> (B, n * W, d), padding included."""
    return pooled.reshape(-1, windows * pooled.shape[1], *pooled.shape[2:])


def pooled_features(windows: int, window: int, width: int, pool: Pool) -> int:
    """How many numbers `join_windows` leaves of a sample."""
    return windows * width * (window if pool is None else 1)
