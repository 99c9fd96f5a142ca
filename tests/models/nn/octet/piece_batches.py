"""Batches of pieces for the tests of views."""

from collections.abc import Sequence

import numpy as np
import torch

from models.nn.octet.pieces import Pieces
from models.nn.vocabulary import PAD


def batch_of(files: Sequence[bytes], *, width: int = 0, starts: Sequence[int] | None = None) -> Pieces:
    """Each file from its start on, padded to the longest piece or to `width`."""
    begins = list(starts or [0] * len(files))
    pieces = [np.frombuffer(file[begin:], np.uint8) for file, begin in zip(files, begins, strict=True)]
    tokens = np.full((len(files), max(width, *map(len, pieces), 1)), PAD, np.int64)
    for row, piece in zip(tokens, pieces, strict=True):
        row[: len(piece)] = piece
    counts = [np.bincount(np.frombuffer(file, np.uint8), minlength=256) / max(1, len(file)) for file in files]
    return Pieces(
        torch.from_numpy(tokens),
        torch.tensor(begins),
        torch.tensor([len(file) for file in files]),
        torch.from_numpy(np.array(counts, np.float32)),
    )
