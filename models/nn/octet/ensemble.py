"""Several networks of the same shape and different beginnings, trained side by side and averaged."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.nn.network import Mixes
from models.nn.octet.network import OctetNet
from models.nn.octet.pieces import Pieces


class OctetEnsemble(nn.Module):
    """K members that see the same batches; they differ by their first weights and by what dropout hides from each.

    In evaluation the mean of their outputs; `each` gives those of every member, and training minimises the mean of
    their losses, so that each learns as if it were alone.
    """

    def __init__(self, members: Sequence[OctetNet]) -> None:
        super().__init__()
        if not members:
            raise ValueError("an ensemble needs at least one member")
        self.members = nn.ModuleList(members)

    def forward(self, pieces: Pieces) -> dict[str, Tensor]:
        """A batch of pieces -> {target: (B, outputs)}: logits or standardised values, averaged over the members."""
        answers = self.each(pieces)
        return {target: torch.stack([answer[target] for answer in answers]).mean(0) for target in answers[0]}

    def each(self, pieces: Pieces, *, mixture: Mixes | None = None) -> list[dict[str, Tensor]]:
        """What every member says, (K) times {target: (B, outputs)}."""
        return [member(pieces, mixture=mixture) for member in self.members]
