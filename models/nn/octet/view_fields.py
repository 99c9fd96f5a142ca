"""A view for records of one length: the numbers in each, encoded between quantiles, through layers of their own.

Legend: B = pieces, T = bytes, R = records, L = bytes of a record, K = features, k = bytes of a number, d = width.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.config.octet import FieldsConfig
from models.nn.blocks import LayerScale, SwiGLU
from models.nn.octet.frames import SCALE_AT_START, FrameEncoder
from models.nn.octet.masked_pool import MaskedPool
from models.nn.octet.pieces import Pieces
from models.nn.octet.quantiles import QuantileEncoding
from models.nn.octet.view import View
from models.nn.vocabulary import PAD
from models.packed.readings import FieldReading, item_size

BINS = ((128, 16), (512, 8), (4096, 4))
"""Up to so many features: bins of each."""
LARGEST = 1e30
"""Numbers beyond are cut to it: differences of float64 stay finite."""


def bins_for(features: int) -> int:
    """Bins of each feature, fewer where there are many features."""
    return next(bins for most, bins in BINS if features <= most)


class FieldsView(View):
    """Records -> numbers -> QuantileEncoding -> two layers; of many records in a piece then a convolution and a pool.

    fields: how records are laid out. rows: records of a piece of full length. A record that is cut is not seen, but for
    the first of a piece: of that the features that are whole. NaN is no number: nothing is there. hidden: in training
    each number of a piece is not there, in all its records, with this probability.
    """

    def __init__(
        self, fields: FieldsConfig, *, rows: int, width: int = 96, dropout: float = 0.1, hidden: float = 0.1
    ) -> None:
        super().__init__()
        self.length, self.offset, self.many = fields.length, fields.offset, rows > 1
        self.numbers, self.lone = fields.numbers, fields.lone
        self.encoding = QuantileEncoding(fields.features, bins_for(fields.features))
        self.hidden = hidden
        self.into = nn.Linear(self.encoding.width, width)
        self.norm = nn.RMSNorm(width)
        self.feed_forward = SwiGLU(width, 2 * width)
        self.drop = nn.Dropout(dropout)
        self.scale = LayerScale(width, SCALE_AT_START)
        self.features = width
        if self.many:
            self.body = FrameEncoder(width, convs=1, layers=0, dropout=dropout)
            self.pool = MaskedPool(width)
            self.features = self.pool.features

    def forward(self, pieces: Pieces) -> Tensor:
        """A batch of pieces -> (B, features)."""
        values_BRK, there_BRK = self.decoded(pieces)
        seen_BRK = there_BRK
        if self.training and self.hidden:
            lots_B1K = torch.rand(len(pieces), 1, there_BRK.shape[2], device=there_BRK.device)
            seen_BRK = there_BRK & (lots_B1K >= self.hidden)
        x_BRd = self.drop(F.gelu(self.into(self.encoding(values_BRK, seen_BRK))))
        x_BRd = x_BRd + self.scale(self.drop(self.feed_forward(self.norm(x_BRd))))
        there_BR = there_BRK.any(-1)
        if self.many:
            pooled: Tensor = self.pool(self.body(x_BRd, there_BR), there_BR)
            return pooled
        alone: Tensor = (x_BRd * there_BR.unsqueeze(-1)).squeeze(1)
        return alone

    def decoded(self, pieces: Pieces) -> tuple[Tensor, Tensor]:
        """What stands in each record -> (values (B, R, K) float64, 0 where nothing is; there (B, R, K) bool)."""
        bytes_BRL = self._records(pieces)
        is_BRL = bytes_BRL != PAD
        is_BRL &= is_BRL.all(-1, keepdim=True) | (torch.arange(bytes_BRL.shape[1], device=is_BRL.device) == 0)[:, None]
        values, there = [], []
        for run in self.numbers:
            shape = (*bytes_BRL.shape[:2], run.count, item_size(run.reading))
            found = as_number(bytes_BRL[:, :, run.at : run.end].reshape(shape), run.reading)
            there.append(is_BRL[:, :, run.at : run.end].reshape(shape).all(-1) & ~found.isnan())
            values.append(found)
        values.append(bytes_BRL[:, :, self.lone].double())
        there.append(is_BRL[:, :, self.lone])
        there_BRK = torch.cat(there, dim=-1)
        values_BRK = torch.cat(values, dim=-1).nan_to_num(0.0, LARGEST, -LARGEST).clamp(-LARGEST, LARGEST)
        return torch.where(there_BRK, values_BRK, 0.0), there_BRK

    def _records(self, pieces: Pieces) -> Tensor:
        """(B, R, L) int64, PAD where nothing is. Records count from `offset` of the file, wherever a piece begins."""
        tokens = pieces.tokens
        before_B = self.offset - pieces.starts
        skip_B = torch.where(before_B > 0, before_B, before_B % self.length)
        rows = max(1, -(-tokens.shape[1] // self.length)) if self.many else 1
        at_BT = torch.arange(rows * self.length, device=tokens.device) + skip_B[:, None]
        found_BT = tokens.gather(1, at_BT.clamp(max=tokens.shape[1] - 1))
        found_BT = torch.where(at_BT < tokens.shape[1], found_BT, PAD)
        return found_BT.view(len(tokens), rows, self.length)


def as_number(bytes_k: Tensor, reading: FieldReading) -> Tensor:
    """Bytes (..., k) int64 in the order of the file -> (...) float64; padding among them gives a number, too."""
    size = bytes_k.shape[-1]
    if reading.endswith("be"):
        bytes_k = bytes_k.flip(-1)
    whole = (bytes_k & 255) << torch.arange(0, 8 * size, 8, device=bytes_k.device)
    bits = whole.sum(-1)  # of 8 bytes: wraps around, as two's complement does
    if reading[0] == "f":
        return bits.view(torch.float64) if size == 8 else bits.to(torch.int32).view(torch.float32).double()
    if size == 8:
        high = bits >> 32
        high = high & 0xFFFFFFFF if reading[0] == "u" else high
        return high.double() * 2.0**32 + (bits & 0xFFFFFFFF).double()
    half = 1 << (8 * size - 1)
    return (torch.where(bits >= half, bits - 2 * half, bits) if reading[0] == "i" else bits).double()
