"""The byte view: bytes with their numbers, positions and n-grams, cut into short patches, then a body of frames."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.nn.octet.frames import FrameEncoder
from models.nn.octet.masked_pool import MaskedPool
from models.nn.octet.pieces import Pieces
from models.nn.octet.view import View
from models.nn.octet.view_ngrams import NgramEmbedding
from models.nn.vocabulary import VOCABULARY

ENDS = 1024
"""Bytes at either end of a file whose place has a learnt vector: headers and trailers stand there."""

WAVES = 4
"""Octaves of the waves over a file: half a turn over the whole file at first, then twice as fast each."""


def byte_numbers() -> Tensor:
    """(256, 16) float32: what a byte is as a number, each column about within [-1, 1].

    Value, signed value, the eight bits, and cosine and sine of one, two and four turns over the 256 values.
    """
    value = torch.arange(256, dtype=torch.float32)
    signed = torch.where(value < 128, value, value - 256) / 128
    bits = (value.long()[:, None] >> torch.arange(8)) & 1
    angles = value[:, None] * (2 * math.pi / 256) * torch.tensor([1.0, 2.0, 4.0])
    return torch.cat((value[:, None] / 127.5 - 1, signed[:, None], bits * 2.0 - 1, angles.cos(), angles.sin()), dim=1)


class NumberedBytes(nn.Module):
    """Table of tokens (261, d), normal with deviation 0.5, its first 16 columns started from `byte_numbers`.

    Where bytes are numbers, few files are too few to teach the order of the 256 values from nothing.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        weight, numbers = torch.randn(VOCABULARY, width) * 0.5, byte_numbers()
        columns = min(width, numbers.shape[1])
        weight[:256, :columns] = numbers[:, :columns] * 0.5
        self.weight = nn.Parameter(weight)

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """(B, T) int64 -> (B, T, d)."""
        return F.embedding(tokens_BT, self.weight)


class EndPositions(nn.Module):
    """A learnt vector for each of the first and the last 1,024 places of a file; none between, (B, T, d)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.randn(ENDS, width) * 0.1)
        self.last = nn.Parameter(torch.randn(ENDS, width) * 0.1)

    def forward(self, pieces: Pieces) -> Tensor:
        """What its place adds to every byte of the pieces; what stands at padding means nothing."""
        places = pieces.starts[:, None] + torch.arange(pieces.tokens.shape[1], device=pieces.tokens.device)
        return _rows(self.first, places) + _rows(self.last, pieces.lengths[:, None] - 1 - places)


def _rows(table: Tensor, at: Tensor) -> Tensor:
    """Rows `at` of a table, zeros for numbers outside it."""
    inside = (at >= 0) & (at < len(table))
    return F.embedding(at.clamp(0, len(table) - 1), table) * inside.unsqueeze(-1)


def place_waves(pieces: Pieces, stride: int) -> Tensor:
    """(B, F, 2 * WAVES + 1): where each patch stands in its file, as waves over the share of the file, and a log."""
    patches = -(-pieces.tokens.shape[1] // stride)
    places = pieces.starts[:, None] + torch.arange(patches, device=pieces.tokens.device) * stride
    share = (places / pieces.lengths[:, None].clamp(min=1)).unsqueeze(-1)
    angles = share * (math.pi * 2.0 ** torch.arange(WAVES, device=share.device))
    return torch.cat((angles.cos(), angles.sin(), places.unsqueeze(-1).add(1.0).log2() / 16), dim=-1)


class Patches(nn.Module):
    """Bytes to frames: a convolution of `stride`, each frame also seeing half a stride (at least 2 bytes) around."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.stride, self.margin = stride, max(2, stride // 2)
        self.project = nn.Linear(channels * (stride + 2 * self.margin), width)

    def forward(self, x_BTc: Tensor) -> Tensor:
        """(B, T, c), zeros at padding -> (B, ceil(T / stride), width)."""
        behind = -x_BTc.shape[1] % self.stride + self.margin
        padded = F.pad(x_BTc, (0, 0, self.margin, behind))
        windows_BFck = padded.unfold(1, self.stride + 2 * self.margin, self.stride)
        frames: Tensor = self.project(windows_BFck.flatten(2))
        return frames


class BytesView(View):
    """Bytes + end positions, beside their n-gram embeddings -> patches of `stride` bytes -> FrameEncoder -> MaskedPool.

    stride: 1 keeps every byte. orders: of the n-grams, () for none; bits, ngram_width, id_dropout: of NgramEmbedding.
    """

    def __init__(
        self,
        *,
        width: int = 96,
        stride: int = 4,
        channels: int = 32,
        orders: Sequence[int] = (2, 3, 4),
        bits: int = 16,
        ngram_width: int = 16,
        id_dropout: float = 0.3,
        convs: int = 2,
        layers: int = 2,
        heads: int = 4,
        window: int = 128,
        dropout: float = 0.1,
        queries: int = 4,
    ) -> None:
        super().__init__()
        self.bytes = NumberedBytes(channels)
        self.ends = EndPositions(channels)
        self.ngrams = NgramEmbedding(orders, bits=bits, width=ngram_width, dropout=id_dropout) if orders else None
        self.patches = Patches(channels + (ngram_width if orders else 0), width, stride)
        self.waves = nn.Linear(2 * WAVES + 1, width, bias=False)
        self.drop = nn.Dropout(dropout)
        self.encoder = FrameEncoder(width, convs=convs, layers=layers, heads=heads, window=window, dropout=dropout)
        self.pool = MaskedPool(width, queries)
        self.features = self.pool.features

    def forward(self, pieces: Pieces) -> Tensor:
        """A batch of pieces -> (B, features)."""
        frames_BFd = self.patches(self._channels(pieces) * pieces.there.unsqueeze(-1))
        frames_BFd = self.drop(frames_BFd + self.waves(place_waves(pieces, self.patches.stride)))
        there_BF = pieces.there[:, :: self.patches.stride]
        pooled: Tensor = self.pool(self.encoder(frames_BFd, there_BF), there_BF)
        return pooled

    def _channels(self, pieces: Pieces) -> Tensor:
        """(B, T, c): what is known of every byte."""
        x_BTc: Tensor = self.bytes(pieces.tokens) + self.ends(pieces)
        return x_BTc if self.ngrams is None else torch.cat((x_BTc, self.ngrams(pieces)), dim=-1)
