"""What tells the network where in the file a token stands: fixed waves or a learnt table, over the whole input."""

import torch
from torch import Tensor, nn


def waves(length: int, width: int) -> Tensor:
    """Fixed positions (1, length, width) float32.

    p[t, 2i] = sin(t * 10000^(-2i / width)), p[t, 2i+1] = cos of the same (Vaswani et al. 2017, section 3.5).
    """
    rates = 10000.0 ** (-torch.arange(0, width, 2, dtype=torch.float32) / width)
    angles = torch.arange(length, dtype=torch.float32)[:, None] * rates
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)[:, :width].unsqueeze(0)


class FixedPositions(nn.Module):
    """`position: encode`: no parameters; the table is recomputed at load, not stored."""

    table: Tensor

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.register_buffer("table", waves(length, width), persistent=False)

    def forward(self) -> Tensor:
        """(1, T, d)."""
        return self.table


class LearntPositions(nn.Module):
    """`position: embed`: one learnt vector a place, N(0, 1) at the start."""

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(1, length, width))

    def forward(self) -> Tensor:
        """(1, T, d)."""
        return self.table
