"""Small batches of pieces for the tests of the views."""

from collections.abc import Sequence

import torch

from models.nn.octet.pieces import Pieces
from models.nn.vocabulary import PAD


def whole(files: Sequence[bytes], *, padding: int = 0) -> Pieces:
    """Whole files as one batch, padded to the longest of them and `padding` more."""
    tokens = torch.full((len(files), max(map(len, files)) + padding), PAD)
    counts = torch.zeros(len(files), 256)
    for row, file in enumerate(files):
        values = torch.tensor(list(file), dtype=torch.int64)
        tokens[row, : len(file)] = values
        counts[row] = torch.bincount(values, minlength=256)
    lengths = torch.tensor([len(file) for file in files])
    return Pieces(tokens, torch.zeros(len(files), dtype=torch.int64), lengths, counts / lengths.clamp(min=1)[:, None])


def some_files(count: int, *, seed: int = 0, longest: int = 90) -> list[bytes]:
    """Files of random bytes, 1 to `longest` long, the first of full length."""
    draw = torch.Generator().manual_seed(seed)
    lengths = [longest, *torch.randint(1, longest, (count - 1,), generator=draw).tolist()]
    return [bytes(torch.randint(0, 256, (length,), generator=draw).tolist()) for length in lengths]
