"""The octet network: several views of the same bytes, joined, and a head for every target."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.nn.network import Mixes
from models.nn.octet.pieces import Pieces
from models.nn.octet.view import View


class OctetNet(nn.Module):
    """Views -> each normalised -> side by side -> a hidden layer -> {target: (B, outputs)}.

    view_dropout: in training each view of each piece is left out with this probability, never all of them, so that
    none leans on the others.
    """

    def __init__(
        self,
        views: Mapping[str, View],
        outputs: Mapping[str, int],
        *,
        width: int = 128,
        dropout: float = 0.2,
        view_dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if not views:
            raise ValueError("a network needs at least one view")
        self.view_dropout = view_dropout
        self.targets, sizes = list(outputs), [view.features for view in views.values()]
        self.views = nn.ModuleList(views.values())
        self.norms = nn.ModuleList(nn.LayerNorm(size) for size in sizes)
        self.drop = nn.Dropout(dropout)
        self.joint = nn.Linear(sum(sizes), width)
        self.norm = nn.LayerNorm(width)
        self.heads = nn.ModuleList(nn.Linear(width, count) for count in outputs.values())

    def forward(self, pieces: Pieces, *, mixture: Mixes | None = None) -> dict[str, Tensor]:
        """A batch of pieces -> {target: (B, outputs)} float32. mixture: mixes the pooled vectors of the batch."""
        pooled_Bd = self.pooled(pieces)
        if mixture is not None:
            pooled_Bd = mixture.embeddings(pooled_Bd)
        hidden_Bd = self.drop(pooled_Bd)
        return {target: head(hidden_Bd) for target, head in zip(self.targets, self.heads, strict=True)}

    def pooled(self, pieces: Pieces) -> Tensor:
        """A batch of pieces -> (B, width) float32: all that the heads are given."""
        counts_BV = self._counts(len(pieces))
        features = [
            norm(view(pieces)) * counts_BV[:, at, None]
            for at, (view, norm) in enumerate(zip(self.views, self.norms, strict=True))
        ]
        hidden: Tensor = self.norm(F.gelu(self.joint(self.drop(torch.cat(features, dim=1)))))
        return hidden

    def _counts(self, batch: int) -> Tensor:
        """(B, V): what each view counts for each piece; in training those that stay make up for the dropped ones."""
        ones_BV = self.joint.weight.new_ones(batch, len(self.views))
        if not self.training or self.view_dropout == 0.0:
            return ones_BV
        lots_BV = torch.rand_like(ones_BV)
        kept_BV = (lots_BV >= self.view_dropout) | (lots_BV == lots_BV.amax(1, keepdim=True))
        return kept_BV * (len(self.views) / kept_BV.sum(1, keepdim=True))
