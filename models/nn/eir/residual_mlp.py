"""The residual MLP block that fusion and heads are made of, and the stochastic depth of its branch."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.nn.blocks import LayerScale


def stochastic_depth(branch: Tensor, p: float, training: bool) -> Tensor:
    """In training the whole branch is dropped with probability p, for the batch at once; else scaled by 1 / (1 - p)."""
    if not training or p == 0.0:
        return branch
    if p >= 1.0:
        return torch.zeros_like(branch)
    kept = torch.empty((), dtype=branch.dtype, device=branch.device).bernoulli_(1.0 - p)
    return branch * (kept / (1.0 - p))


class ResidualMLP(nn.Module):
    """identity(x) + depth(gamma * fc2(dropout(gelu(fc1(rms(x)))))), (B, inputs) -> (B, outputs).

    The identity is x where the widths agree (gamma starts at 1e-5), else a learnt projection of x itself, not of
    rms(x) (gamma starts at 1).
    """

    def __init__(self, inputs: int, outputs: int, *, dropout: float, depth_p: float) -> None:
        super().__init__()
        self.dropout, self.depth_p = dropout, depth_p
        self.norm = nn.RMSNorm(inputs)
        self.fc1 = nn.Linear(inputs, outputs, bias=False)
        self.fc2 = nn.Linear(outputs, outputs, bias=False)
        self.identity = nn.Identity() if inputs == outputs else nn.Linear(inputs, outputs)
        self.scale = LayerScale(outputs, 1e-5 if inputs == outputs else 1.0)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs) -> (B, outputs)."""
        branch = F.dropout(F.gelu(self.fc1(self.norm(x))), self.dropout, self.training)
        branch = self.scale(self.fc2(branch))
        identity: Tensor = self.identity(x)
        return identity + stochastic_depth(branch, self.depth_p, self.training)


def residual_stack(count: int, inputs: int, width: int, *, dropout: float, depth_p: float) -> nn.Sequential:
    """`count` blocks, the first from inputs to width, the rest from width to width."""
    return nn.Sequential(
        *(ResidualMLP(width if i else inputs, width, dropout=dropout, depth_p=depth_p) for i in range(count))
    )
