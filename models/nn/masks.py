"""Cheap dropout masks for the CPU: one random byte an element instead of one random float.

torch draws the elements of a dropout one by one; at one mask entry for every pair of tokens that costs more than the
attention itself. Here 64 random bits make eight entries, by arithmetic on whole words.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

LANES = 0x0101010101010101
"""A one in each byte of a word."""

STEPS = 128
"""A byte gives seven random bits: thresholds are multiples of 1/128."""


class ByteMasks:
    """A stream of Bernoulli masks, fixed by its seed (SFC64, 0 <= seed < 2^63).

    An element is dropped when its seven random bits lie below a threshold. The threshold of a row (last axis) is
    128 p rounded up or down at random, so that every element is dropped with probability p exactly. Elements of
    different rows are independent; two of the same row correlate by at most 2^-16 / (p (1 - p)), 2e-4 at p = 0.1.
    """

    def __init__(self, seed: int) -> None:
        self.random = np.random.Generator(np.random.SFC64(seed))

    def draw(self, shape: tuple[int, ...], p: float) -> Tensor:
        """uint8 of this shape, 0 with probability p, else 1."""
        *leading, length = shape
        words = -(-length // 8)
        bits = torch.from_numpy(
            self.random.integers(-(2**63), 2**63 - 1, size=(*leading, words), dtype=np.int64, endpoint=True)
        )
        low, rest = divmod(p * STEPS, 1.0)
        threshold = int(low) + (self.random.random((*leading, 1), dtype=np.float32) < rest)
        raised = torch.from_numpy((STEPS - threshold) * np.int64(LANES))
        # In each byte: seven bits + (128 - threshold) reaches the eighth bit exactly when they are >= threshold.
        bits.bitwise_and_(LANES * (STEPS - 1)).add_(raised).bitwise_right_shift_(7).bitwise_and_(LANES)
        return bits.view(torch.uint8)[..., :length]


def dropout(x: Tensor, p: float, training: bool, masks: ByteMasks | None) -> Tensor:
    """Dropout of x, any shape: by `masks` where they are given, else by torch. Nothing outside training."""
    if masks is None or p == 0.0:
        return F.dropout(x, p, training)
    return x * masks.draw(tuple(x.shape), p).to(x.dtype).mul_(1.0 / (1.0 - p))
