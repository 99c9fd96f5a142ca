"""How a model reads whole files: where its pieces begin, in training and in a prediction, and the batch of them."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from models.nn.network import File
from models.nn.octet.pieces import Pieces
from models.nn.spread import spread, spread_bytes
from models.nn.vocabulary import PAD

MOST_PIECES = 64
"""So many pieces of a file at most; of longer files they lie spread over it, the first and the last bytes included."""
COUNTED_BYTES, COUNTED_BLOCK = 2**16, 2**10
"""Byte values are counted in so many bytes of a file at most; of longer files in blocks of so many, spread over it."""
FROM_START, FROM_END = 0.3, 0.15
"""Shares of training pieces that are the first and the last bytes of their files: both tell more than the middle."""

Int64 = NDArray[np.int64]


def answering_starts(length: int, piece: int) -> Int64:
    """Where the pieces of a prediction begin, (n,): spread evenly from the first to the last byte, n <= MOST_PIECES."""
    count = min(MOST_PIECES, -(-length // piece))
    return np.linspace(0, max(0, length - piece), max(1, count)).astype(np.int64)


def bytes_seen(length: int, piece: int) -> int:
    """How many bytes of a file a prediction's pieces and the count of its byte values see.

    Both lie spread alike, so the shorter ones lie within the longer ones (but for a byte, by rounding).
    """
    return max(min(length, MOST_PIECES * piece), spread_bytes(length, COUNTED_BYTES, COUNTED_BLOCK))


def training_starts(lengths: Int64, draws: NDArray[np.float64], piece: int) -> Int64:
    """Where training pieces begin, (B,): at the start, at the end, or anywhere. draws: (B,) in [0, 1)."""
    room = np.maximum(lengths - piece, 0)
    anywhere = (draws - FROM_START) / (1.0 - FROM_START - FROM_END)
    share = np.where(draws < FROM_START, 0.0, np.where(draws >= 1.0 - FROM_END, 1.0, anywhere))
    return np.round(share * room).astype(np.int64)


def pieces_of(files: Sequence[File], starts: Int64, piece: int) -> Pieces:
    """One piece of each file, from starts (B,) on, as a batch that is as wide as its longest piece.

    files: whole ones, none empty. piece: bytes of a piece at most.
    """
    ends = [min(len(file), start + piece) for file, start in zip(files, starts.tolist(), strict=True)]
    width = max(end - start for start, end in zip(starts.tolist(), ends, strict=True))
    tokens = np.full((len(files), width), PAD, np.int64)
    for row, file, start, end in zip(tokens, files, starts.tolist(), ends, strict=True):
        row[: end - start] = file[start:end]
    return Pieces(
        tokens=torch.from_numpy(tokens),
        starts=torch.from_numpy(starts),
        lengths=torch.tensor([len(file) for file in files]),
        histogram=torch.from_numpy(histograms(files)),
    )


def histograms(files: Sequence[File]) -> NDArray[np.float32]:
    """(B, 256): the share of each byte value in each file, over at most COUNTED_BYTES of it."""
    blocks = [[file[a:b] for a, b in spread(len(file), COUNTED_BYTES, COUNTED_BLOCK).tolist()] for file in files]
    counts = np.stack(
        [np.sum([np.bincount(piece, minlength=256) for piece in pieces], axis=0) for pieces in blocks]
    ).astype(np.float32)
    shares: NDArray[np.float32] = counts / counts.sum(1, keepdims=True)
    return shares
