"""The blend: several sources of evidence on a target, weighed against each other and brought to a true temperature."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from models.config.targets import TargetSpec


class Blend(nn.Module):
    """answer = sum over sources of weight * evidence, + offsets; fitted on validation files.

    Weights are not negative. For classes their sum is an inverse temperature (Guo et al. 2017, section 4.2), and an
    offset for each class corrects how often it is named (Alexandari et al. 2020, "bias-corrected temperature scaling").
    Buffers: `weights` (targets, sources), `offsets` (targets, most outputs).
    """

    weights: Tensor
    offsets: Tensor

    def __init__(self, targets: Sequence["TargetSpec"], sources: Sequence[str]) -> None:
        super().__init__()
        self.targets = [target.name for target in targets]
        self.sources = list(sources)
        self.register_buffer("weights", torch.full((len(targets), len(sources)), 1.0 / len(sources)))
        self.register_buffer("offsets", torch.zeros(len(targets), max(target.outputs for target in targets)))

    def forward(self, target: str, evidence_NSo: Tensor) -> Tensor:
        """(N, sources, outputs) of one target -> (N, outputs)."""
        at = self.targets.index(target)
        weights_S1 = self.weights[at, :, None].to(evidence_NSo.dtype)
        return (evidence_NSo * weights_S1).sum(1) + self.offsets[at, : evidence_NSo.shape[2]].to(evidence_NSo.dtype)

    def only(self, source: str) -> None:
        """Count this source alone, until a fit says otherwise: the others have nothing to say."""
        self.weights.zero_()
        self.weights[:, self.sources.index(source)] = 1.0

    def set(self, target: str, weights_S: Tensor, offsets_o: Tensor) -> None:
        """Put a fit in place."""
        at = self.targets.index(target)
        self.weights[at] = weights_S.to(self.weights)
        self.offsets[at, : len(offsets_o)] = offsets_o.to(self.offsets)
