"""The n-gram view: hashed byte n-grams of several orders, embedded from one large table and averaged over the piece."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.nn.octet.ngram_hash import mixed, ngram_rows, top_bits
from models.nn.octet.pieces import Pieces
from models.nn.octet.view import View

START = 0.05
"""Standard deviation of the table at first: below what a few updates of row-wise Adagrad add to a row that matters."""

LOTS = 24
"""Bits of a drawn lot: dropout probabilities are multiples of 2^-24."""


class NgramEmbedding(nn.Module):
    """Rows of a table (2^bits, width) for the n-grams at every place, times a learnt scale an order.

    The table's gradient is sparse (RowAdagrad trains it); after Joulin et al. 2016 (fastText: hashed n-grams, one
    table) and Pagnoni et al. 2024 (BLT: several orders of byte n-grams beside the bytes).

    dropout: in training an n-gram is left out of a whole piece, wherever it stands in it, with this probability; the
    others are scaled by 1 / (1 - p).
    """

    def __init__(self, orders: Sequence[int], *, bits: int, width: int, dropout: float) -> None:
        super().__init__()
        self.orders, self.bits, self.width, self.dropout = tuple(orders), bits, width, dropout
        self.table = nn.Parameter(torch.randn(2**bits, width) * START)
        self.scale = nn.Parameter(torch.ones(len(self.orders)))

    def forward(self, pieces: Pieces) -> Tensor:
        """-> (B, T, width): the sum over the orders of the n-grams that begin at a place; zero at padding."""
        rows_BTO, weights_BTO = self._looked_up(pieces)
        found_BTOd = F.embedding(rows_BTO, self.table, sparse=True)
        return (found_BTOd * weights_BTO.unsqueeze(-1)).sum(2)

    def mean(self, pieces: Pieces) -> Tensor:
        """-> (B, width): the sum over the orders of the mean over the places of a piece."""
        rows_BTO, weights_BTO = self._looked_up(pieces)
        found_BNd = F.embedding(rows_BTO.flatten(1), self.table, sparse=True)
        summed_Bd = (weights_BTO.flatten(1).unsqueeze(1) @ found_BNd).squeeze(1)
        return summed_Bd / pieces.there.sum(1, keepdim=True).clamp(min=1)

    def _looked_up(self, pieces: Pieces) -> tuple[Tensor, Tensor]:
        """Rows (B, T, O) int64 and what each counts, (B, T, O) float: 0 for incomplete and dropped n-grams."""
        rows, complete = ngram_rows(pieces.tokens, pieces.there, self.orders, self.bits)
        if self.training and self.dropout:
            salts = torch.randint(2**62, (len(rows), 1, 1), device=rows.device)
            lots = top_bits(mixed(rows ^ salts), LOTS)
            complete &= lots >= self.dropout * 2**LOTS
            return rows, complete * (self.scale / (1 - self.dropout))
        return rows, complete * self.scale


class NgramView(View):
    """The mean over the piece of its n-gram embeddings, (B, width): a bag of n-grams, blind to where they stand."""

    def __init__(self, orders: Sequence[int], *, bits: int, width: int = 16, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = width
        self.embedding = NgramEmbedding(orders, bits=bits, width=width, dropout=dropout)

    def forward(self, pieces: Pieces) -> Tensor:
        """A batch of pieces -> (B, width)."""
        return self.embedding.mean(pieces)
