"""The view of statistics: which byte values a file holds, how often, how evenly, and how long it is."""

import torch
from torch import Tensor, nn

from models.nn.octet.pieces import Pieces
from models.nn.octet.view import View

NUMBERS = 2 * 256 + 8 + 8 + 6
"""Of one file, before the layers."""


def file_statistics(pieces: Pieces) -> Tensor:
    """(B, NUMBERS) float32, of the whole file and not of the piece, each number about within [-1, 4].

    Of each byte value: the root of its share times 4, and the log2 of its count over 16. Then the mean of each of the
    eight bits, the share of each of eight ranges of 32 values, the share of 0 and of 255, the entropy of the values
    over 8 bits, the share of the values that occur at all, the log2 of the length over 16, and whether it is even.
    """
    shares, lengths = pieces.histogram, pieces.lengths.unsqueeze(1)
    bits = ((torch.arange(256, device=shares.device)[:, None] >> torch.arange(8, device=shares.device)) & 1).float()
    entropy = -(shares * shares.clamp(min=1e-12).log2()).sum(1, keepdim=True) / 8
    return torch.cat(
        (
            shares.sqrt() * 4,
            (shares * lengths).add(1).log2() / 16,
            shares @ bits,
            shares.view(-1, 8, 32).sum(2),
            shares[:, :1],
            shares[:, -1:],
            entropy,
            (shares > 0).float().mean(1, keepdim=True),
            lengths.add(1).log2() / 16,
            (lengths % 2).float(),
        ),
        dim=1,
    )


class StatisticsView(View):
    """`file_statistics` through two layers, (B, width): the same for every piece of a file."""

    def __init__(self, width: int = 64, *, dropout: float = 0.2) -> None:
        super().__init__()
        self.features = width
        self.layers = nn.Sequential(
            nn.Linear(NUMBERS, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )

    def forward(self, pieces: Pieces) -> Tensor:
        """A batch of pieces -> (B, width)."""
        answer: Tensor = self.layers(file_statistics(pieces))
        return answer
