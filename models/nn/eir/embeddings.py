"""The embedding table of bytes."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.nn.vocabulary import VOCABULARY


class ByteEmbedding(nn.Module):
    """Table of one row a token, weight (261, d) uniform in [-0.1, 0.1)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(VOCABULARY, width).uniform_(-0.1, 0.1))

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """(B, T) int64 -> (B, T, d), not yet scaled by sqrt(d): mixing happens between table and network."""
        return F.embedding(tokens_BT, self.weight)
