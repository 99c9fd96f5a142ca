"""Pieces of files: what a view of the octet family is given."""

from dataclasses import dataclass, fields
from functools import cached_property

import torch
from torch import Tensor

from models.nn.vocabulary import PAD


@dataclass(frozen=True, eq=False)
class Pieces:
    """A batch of pieces of files, one a row.

    `tokens` (B, T) int64: bytes 0..255, PAD behind the end of the file; `starts` (B,) int64: the byte of its file where
    the piece begins; `lengths` (B,) int64: bytes of the whole file; `histogram` (B, 256) float32: share of each byte
    value in the whole file, rows sum to 1. Padding stands behind a piece only, never in front or inside.
    """

    tokens: Tensor
    starts: Tensor
    lengths: Tensor
    histogram: Tensor

    @cached_property
    def there(self) -> Tensor:
        """(B, T) bool, False at padding."""
        return self.tokens != PAD

    def __len__(self) -> int:
        return len(self.tokens)

    def to(self, device: torch.device | str) -> "Pieces":
        """The same batch on another device."""
        return Pieces(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})
