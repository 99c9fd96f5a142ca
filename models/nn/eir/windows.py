"""Cutting the input into windows that fold into the batch, so that one call works on all of them."""

from torch import Tensor
from torch.nn import functional as F


def window_length(max_length: int, window_size: int) -> int:
    """Length of a window; window_size 0 means one window as long as the input."""
    return window_size or max_length


def window_count(max_length: int, window_size: int) -> int:
    """Windows of a sample: ceil(T / W)."""
    return -(-max_length // window_length(max_length, window_size))


def fold(x_BTd: Tensor, window: int) -> Tensor:
    """(B, T, d) -> (B * n, W, d); n * W - T rows of zeros stand in FRONT of the first window."""
    missing = -x_BTd.shape[1] % window
    if missing:
        x_BTd = F.pad(x_BTd, (0, 0, missing, 0))
    return x_BTd.reshape(-1, window, x_BTd.shape[-1])
