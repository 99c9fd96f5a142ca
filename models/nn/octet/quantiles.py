"""Numbers as inputs of a network: piecewise linear between quantiles of training files, so that no scale matters.

Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep Learning", section 3.2 (quantile bins).

Legend: n = numbers of one feature, K = features, b = bins.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Float64 = NDArray[np.float64]

FARTHEST = 4.0
"""Standard deviations at which a number's plain value is cut; its bins know nothing beyond the last knot anyway."""
SHARPEST = 0.005
"""Shares this close to 0 and 1 count as that far from it, so that a normal score stays within 2.6."""


class QuantileEncoding(nn.Module):
    """(..., K) float64 -> (..., K * (b + 2)) float32: how far each bin is filled, the normal score, the plain value.

    A feature of at most b + 1 distinct values has a knot at each of them. Zeros where nothing is there, for a feature
    that was always the same, and before `fit`. Buffers, float64: `knots` (K, b + 1), rising, infinite behind the last;
    `levels` (K, b + 1), the share of training values below each; `centre` and `spread` (K,).
    """

    knots: Tensor
    levels: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, features: int, bins: int) -> None:
        super().__init__()
        self.width = features * (bins + 2)
        self.register_buffer("knots", torch.full((features, bins + 1), torch.inf, dtype=torch.float64))
        self.register_buffer("levels", torch.full((features, bins + 1), 0.5, dtype=torch.float64))
        self.register_buffer("centre", torch.zeros(features, dtype=torch.float64))
        self.register_buffer("spread", torch.full((features,), torch.inf, dtype=torch.float64))

    def forward(self, values: Tensor, there: Tensor) -> Tensor:
        """values (..., K) float64, finite; there (..., K) bool -> (..., K * (b + 2))."""
        low, high = self.knots[:, :-1], self.knots[:, 1:]
        step = torch.where(high.isfinite(), high - low, torch.inf)
        filled = ((values.unsqueeze(-1) - low.nan_to_num(posinf=0.0)) / step).clamp(0.0, 1.0)
        share = self.levels[:, 0] + (filled * self.levels.diff(dim=1)).sum(-1)
        score = 2**0.5 * torch.erfinv(2.0 * share.clamp(SHARPEST, 1.0 - SHARPEST) - 1.0)
        plain = ((values - self.centre) / self.spread).clamp(-FARTHEST, FARTHEST)
        inputs = torch.cat((filled, score.unsqueeze(-1), plain.unsqueeze(-1)), dim=-1)
        return (inputs * there.unsqueeze(-1)).float().flatten(-2)

    @torch.no_grad()
    def fit(self, values: Float64) -> None:
        """values (n, K) of training files, NaN where nothing is; a pure function of them."""
        bins = self.knots.shape[1] - 1
        for at, column in enumerate(values.T):
            known = np.sort(column[~np.isnan(column)])
            distinct = np.unique(known)
            if len(distinct) < 2:
                continue
            if len(distinct) > bins + 1:
                distinct = np.unique(known[np.linspace(0, len(known) - 1, bins + 1).round().astype(np.int64)])
            below, up_to = (np.searchsorted(known, distinct, side=side) for side in ("left", "right"))
            levels = (below + up_to) / (2.0 * len(known))
            self.knots[at, : len(distinct)] = torch.from_numpy(distinct)
            self.levels[at, : len(distinct)] = torch.from_numpy(levels)
            self.levels[at, len(distinct) :] = levels[-1]
            # The smallest numbers there are vary by less than a number can say: their plain value then says nothing.
            self.centre[at], self.spread[at] = float(known.mean()), float(known.std()) or torch.inf
