"""Rotary positions: queries and keys are turned by an angle that grows with their place in the window.

RoPE of Su et al. 2021 in its interleaved form: the pair (2i, 2i+1) of a head is one complex number, turned by
t * 10000^(-2i / D). t restarts at 0 in every window.
"""

import torch
from torch import Tensor


def turns(length: int, head_width: int) -> Tensor:
    """Unit complex numbers (length, D / 2), complex64: turns[t, i] = exp(j t 10000^(-2i / D))."""
    rates = 10000.0 ** (-torch.arange(0, head_width, 2, dtype=torch.float32) / head_width)
    angles = torch.arange(length, dtype=torch.float32)[:, None] * rates
    return torch.polar(torch.ones_like(angles), angles)


def rotate(x: Tensor, by: Tensor) -> Tensor:
    """x (N, W, ..., D) real, turned by complex numbers that broadcast over (N, W, ..., D / 2); shape and dtype of x."""
    pairs = torch.view_as_complex(torch.unflatten(x, -1, (-1, 2)))
    return torch.view_as_real(pairs * by.to(pairs.dtype)).flatten(-2)
