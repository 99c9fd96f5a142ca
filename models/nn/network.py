"""What training, validation and serving ask of a model, whatever its type."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from models.nn.vocabulary import PAD

File = NDArray[np.uint8]
"""The bytes of one file, (length,) uint8; may be a read-only view on a memory map."""


class Network(nn.Module):
    """A whole network of a run: from files to the outputs of every target. Weights come from torch's generator."""

    def reads(self, length: int) -> int:
        """How many bytes of a file of this length decide about its answer."""
        raise NotImplementedError

    def answer(self, files: Sequence[File]) -> dict[str, Tensor]:
        """Whole files, none of them empty, -> {target: (N, outputs)} float32: logits, or standardised values.

        What validation measures and what serving sends. Called in eval mode, without gradients.
        """
        raise NotImplementedError


def first_bytes(files: Sequence[File], length: int) -> NDArray[np.int64]:
    """The first `length` bytes of each file as tokens (N, length), PAD behind the end of a shorter one."""
    tokens = np.full((len(files), length), PAD, np.int64)
    for row, file in zip(tokens, files, strict=True):
        piece = file[:length]
        row[: len(piece)] = piece
    return tokens
