"""The encoder block: attention, then a gated feed-forward layer, each behind a norm and a small learnt scale."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.nn.attention import WindowAttention
from models.nn.masks import ByteMasks


class LayerScale(nn.Module):
    """Multiplies each channel by a learnt factor, small at first (Touvron et al. 2021)."""

    def __init__(self, width: int, start: float = 1e-5) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((width,), start))

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> the same."""
        return x * self.gamma


class SwiGLU(nn.Module):
    """W3(silu(W1 x) * (W2 x)) without biases (Shazeer 2020); weights N(0, 0.02).

    `gate_up` holds W1 above W2 under one tensor (2 * hidden, width).
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gate_up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)
        nn.init.normal_(self.gate_up.weight, std=0.02)
        nn.init.normal_(self.down.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> (..., width)."""
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        down: Tensor = self.down(F.silu(gate) * up)
        return down


class EncoderBlock(nn.Module):
    """x + g1 * A(rms(x)), then x + g2 * F(rms(x))."""

    def __init__(self, width: int, heads: int, window: int, hidden: int, *, dropout: float, masked: bool) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(width)
        self.attention = WindowAttention(width, heads, window, dropout=dropout, masked=masked)
        self.attention_scale = LayerScale(width)
        self.feed_forward_norm = nn.RMSNorm(width)
        self.feed_forward = SwiGLU(width, hidden)
        self.feed_forward_scale = LayerScale(width)

    def forward(self, x_NWd: Tensor, masks: ByteMasks | None = None) -> Tensor:
        """(N, W, d) -> (N, W, d). masks: as in WindowAttention."""
        x_NWd = x_NWd + self.attention_scale(self.attention(self.attention_norm(x_NWd), masks))
        answer: Tensor = x_NWd + self.feed_forward_scale(self.feed_forward(self.feed_forward_norm(x_NWd)))
        return answer
