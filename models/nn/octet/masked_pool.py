"""Pooling over frames: learnt attention, mean and maximum side by side, blind to frames that are not there."""

import torch
from torch import Tensor, nn


class MaskedPool(nn.Module):
    """(B, F, d) -> (B, features), features = (queries + 2) * d: a weighted mean for each query, mean, maximum.

    A row without any frame gives zeros. Frames that are not there must be zeros, as FrameEncoder leaves them.
    """

    def __init__(self, width: int, queries: int = 4) -> None:
        super().__init__()
        self.features = (queries + 2) * width
        self.norm = nn.RMSNorm(width)
        self.scores = nn.Linear(width, queries)

    def forward(self, x_BFd: Tensor, there_BF: Tensor) -> Tensor:
        """x (B, F, d) float, there (B, F) bool -> (B, features)."""
        there_BF1 = there_BF.unsqueeze(-1)
        # A finite low score, so that a row without frames has no NaN; the product with `there` makes it zeros.
        scores_BFq = self.scores(self.norm(x_BFd)).float().masked_fill(~there_BF1, -1e9)
        weights_BFq = scores_BFq.softmax(1) * there_BF1
        attended_Bqd = weights_BFq.to(x_BFd.dtype).mT @ x_BFd
        count_B1 = there_BF1.sum(1).clamp(min=1)
        mean_Bd = x_BFd.sum(1) / count_B1
        largest_Bd = x_BFd.masked_fill(~there_BF1, -torch.inf).amax(1)
        largest_Bd = torch.where(there_BF.any(1, keepdim=True), largest_Bd, 0.0)
        return torch.cat((attended_Bqd.flatten(1), mean_Bd, largest_Bd), dim=1)
