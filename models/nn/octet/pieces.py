"""Pieces of files: what a view of the octet family is given."""

from collections.abc import Callable
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
        return self._each(lambda tensor: tensor.to(device))

    def rows(self, at: slice | Tensor) -> "Pieces":
        """Some of the pieces, by a slice or by indices (n,) int64."""
        return self._each(lambda tensor: tensor[at])

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Pieces":
        return Pieces(**{field.name: change(getattr(self, field.name)) for field in fields(self)})
