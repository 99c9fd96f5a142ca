"""Mixing of examples: one lambda and one permutation a batch, on embeddings and on losses."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.training.sampling import stream

MIX = 4
"""The stream of random numbers that mixing draws from."""


@dataclass(frozen=True)
class Mixture:
    """share of each example itself; the rest comes from the example that order puts beside it.

    order: (B,) int64.
    """

    share: float
    order: Tensor

    def embeddings(self, embedded: Tensor) -> Tensor:
        """(B, ...) -> (B, ...), mixed."""
        return self.share * embedded + (1.0 - self.share) * embedded[self.order]

    def partners(self, labels: dict[str, Tensor]) -> dict[str, Tensor]:
        """The labels of what is mixed in, each (B,)."""
        return {name: values[self.order] for name, values in labels.items()}


def draw_mixture(alpha: float, size: int, *, seed: int, step: int, device: torch.device) -> Mixture | None:
    """The mixture of a step: share from Beta(alpha, alpha), None when alpha is 0. Pure in (seed, step)."""
    if alpha <= 0:
        return None
    draw = np.random.Generator(stream(seed, MIX, step))
    share = float(draw.beta(alpha, alpha))
    return Mixture(share, torch.from_numpy(draw.permutation(size)).to(device))
