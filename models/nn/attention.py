"""Self-attention inside a window, all windows of a batch in one call."""

from torch import Tensor, nn
from torch.nn import functional as F

from models.nn.dropped_attention import dropped_attention
from models.nn.masks import ByteMasks
from models.nn.masks import dropout as drop
from models.nn.rope import rotate, turns


class WindowAttention(nn.Module):
    """Multi-head attention with rotary positions over (N, W, d), each window on its own.

    `qkv` holds the three input projections under one tensor (3d, d): rows of q, then k, then v. No biases.
    """

    turns: Tensor

    def __init__(self, width: int, heads: int, window: int, *, dropout: float, masked: bool) -> None:
        super().__init__()
        if width % heads or (width // heads) % 2:
            raise ValueError(f"embedding_dim {width} does not give each of num_heads {heads} an even width")
        self.heads, self.dropout, self.masked = heads, dropout, masked
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.register_buffer("turns", turns(window, width // heads), persistent=False)

    def forward(self, x_NWd: Tensor, masks: ByteMasks | None = None) -> Tensor:
        """(N, W, d) -> (N, W, d). masks: what dropout draws from in training on a CPU, None = torch's own dropout."""
        windows, length, width = x_NWd.shape
        qkv = self.qkv(x_NWd).view(windows, length, 3, self.heads, width // self.heads)
        if masks is not None and self.dropout > 0.0:
            attended = dropped_attention(qkv, self.turns, self.dropout, masks, self.masked)
        else:
            attended = self._fused(qkv)
        return drop(self.out(attended.reshape(windows, length, width)), self.dropout, self.training, masks)

    def _fused(self, qkv: Tensor) -> Tensor:
        """(N, W, 3, H, D) -> (N, W, H, D) by torch's fused attention."""
        q, k = rotate(qkv[:, :, :2], self.turns[:, None, None]).unbind(2)
        q, k, v = (t.transpose(1, 2) for t in (q, k, qkv[:, :, 2]))
        p = self.dropout if self.training else 0.0
        return F.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=self.masked).transpose(1, 2)
