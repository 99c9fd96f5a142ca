"""The body of a view over a row of frames: convolution blocks, then local attention, with padding truly masked.

Legend: B = pieces, F = frames, d = width, N = windows, W = frames of a window, H = heads, D = d / H.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.nn.blocks import LayerScale, SwiGLU
from models.nn.rope import rotate, turns

SCALE_AT_START = 0.1
"""Of each branch: small, so that a fresh body passes its input on, yet large enough for runs of a few minutes."""


class ConvBlock(nn.Module):
    """x + g * F(rms(depthwise convolution of x)): a ConvNeXt block (Liu et al. 2022) over frames, with a gated MLP."""

    def __init__(self, width: int, *, kernel: int = 5, dropout: float = 0.0) -> None:
        super().__init__()
        # Two dimensions of which one is 1: torch has a fast depthwise kernel for channels that stand last only there.
        self.depthwise = nn.Conv2d(width, width, (1, kernel), padding=(0, kernel // 2), groups=width)
        self.norm = nn.RMSNorm(width)
        self.feed_forward = SwiGLU(width, 2 * width)
        self.drop = nn.Dropout(dropout)
        self.scale = LayerScale(width, SCALE_AT_START)

    def forward(self, x_BFd: Tensor, there_BF1: Tensor) -> Tensor:
        """x (B, F, d), zeros where nothing is; there (B, F, 1) float -> the same shape, zeros in the same places."""
        x_Bd1F = x_BFd.mT.unsqueeze(2).contiguous(memory_format=torch.channels_last)
        mixed = self.depthwise(x_Bd1F).squeeze(2).mT
        answer: Tensor = x_BFd + self.scale(self.drop(self.feed_forward(self.norm(mixed)))) * there_BF1
        return answer


class LocalAttention(nn.Module):
    """Multi-head attention inside windows that begin at frame 0 or, shifted, half a window before it; rotary positions.

    Windows are counted from the first frame, never from the last, so that padding behind moves none of them.
    """

    turns: Tensor

    def __init__(self, width: int, heads: int, window: int, *, shifted: bool) -> None:
        super().__init__()
        if width % heads or (width // heads) % 2:
            raise ValueError(f"a width of {width} does not give each of {heads} heads an even width")
        if window % 2:
            raise ValueError(f"a window of {window} frames cannot be shifted by half of it")
        self.heads, self.window, self.shifted = heads, window, shifted
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.register_buffer("turns", turns(window, width // heads), persistent=False)

    def forward(self, x_BFd: Tensor, there_BF: Tensor) -> Tensor:
        """x (B, F, d), there (B, F) bool -> (B, F, d); what stands at frames that are not there means nothing."""
        batch, frames, width = x_BFd.shape
        front, window = self._layout(frames)
        behind = -(front + frames) % window
        x_NWd = F.pad(x_BFd, (0, 0, front, behind)).view(-1, window, width)
        keys_N11W = F.pad(there_BF, (front, behind)).view(-1, 1, 1, window)
        # Finite, so that a window without any key has no NaN.
        bias_N11W = torch.zeros_like(keys_N11W, dtype=x_BFd.dtype).masked_fill_(~keys_N11W, -1e9)
        q_k_v = self.qkv(x_NWd).view(-1, window, 3, self.heads, width // self.heads)
        q, k = rotate(q_k_v[:, :, :2].float(), self.turns[:window, None, None]).to(x_BFd.dtype).unbind(2)
        q, k, v = (t.transpose(1, 2) for t in (q, k, q_k_v[:, :, 2]))
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=bias_N11W.expand(-1, 1, window, -1))
        joined_BFd = attended.transpose(1, 2).reshape(batch, -1, width)[:, front : front + frames]
        answer: Tensor = self.out(joined_BFd)
        return answer

    def _layout(self, frames: int) -> tuple[int, int]:
        """(empty frames in front, frames of a window). A row that lies in one window is not filled up to it."""
        half = self.window // 2
        if self.shifted:
            return (half, self.window) if frames > half else (0, frames)
        return 0, min(frames, self.window)


class AttentionBlock(nn.Module):
    """x + g1 * A(rms(x)), then x + g2 * F(rms(x))."""

    def __init__(self, width: int, heads: int, window: int, *, shifted: bool, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(width)
        self.attention = LocalAttention(width, heads, window, shifted=shifted)
        self.attention_scale = LayerScale(width, SCALE_AT_START)
        self.feed_forward_norm = nn.RMSNorm(width)
        self.feed_forward = SwiGLU(width, 2 * width)
        self.feed_forward_scale = LayerScale(width, SCALE_AT_START)
        self.drop = nn.Dropout(dropout)

    def forward(self, x_BFd: Tensor, there_BF: Tensor, there_BF1: Tensor) -> Tensor:
        """x (B, F, d), there (B, F) bool and (B, F, 1) float -> (B, F, d), zeros where nothing is."""
        attended = self.drop(self.attention(self.attention_norm(x_BFd), there_BF))
        x_BFd = x_BFd + self.attention_scale(attended) * there_BF1
        fed = self.drop(self.feed_forward(self.feed_forward_norm(x_BFd)))
        answer: Tensor = x_BFd + self.feed_forward_scale(fed) * there_BF1
        return answer


class FrameEncoder(nn.Module):
    """`convs` convolution blocks, then `layers` attention layers whose windows shift every other layer.

    window: frames of a window, even. Two layers let a frame hear of frames up to 1.5 windows away. Raises ValueError
    for a width that the heads do not divide evenly and for an odd window.
    """

    def __init__(
        self, width: int, *, convs: int, layers: int, heads: int = 4, window: int = 128, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.convs = nn.ModuleList(ConvBlock(width, dropout=dropout) for _ in range(convs))
        self.layers = nn.ModuleList(
            AttentionBlock(width, heads, window, shifted=bool(i % 2), dropout=dropout) for i in range(layers)
        )
        self.norm = nn.RMSNorm(width)

    def forward(self, x_BFd: Tensor, there_BF: Tensor) -> Tensor:
        """x (B, F, d), there (B, F) bool -> (B, F, d), zeros where nothing is there."""
        there_BF1 = there_BF.unsqueeze(-1).to(x_BFd.dtype)
        x_BFd = x_BFd * there_BF1
        for conv in self.convs:
            x_BFd = conv(x_BFd, there_BF1)
        for layer in self.layers:
            x_BFd = layer(x_BFd, there_BF, there_BF1)
        answer: Tensor = self.norm(x_BFd) * there_BF1
        return answer
