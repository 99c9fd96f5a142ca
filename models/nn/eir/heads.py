"""Output heads: from the fused vector to the logits or the value of every target."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.nn.eir.residual_mlp import ResidualMLP, residual_stack

FinalLayer = Literal["linear", "mlp_residual"]


class TargetBranch(nn.Module):
    """Residual blocks of one target and its last layer, (B, inputs) -> (B, outputs).

    `linear`: rms -> GELU -> dropout -> Linear with bias. `mlp_residual`: one more residual block, never dropped.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        layers: int,
        width: int,
        dropout: float,
        final_dropout: float,
        depth_p: float,
        final: FinalLayer,
    ) -> None:
        super().__init__()
        self.final_dropout, self.linear = final_dropout, final == "linear"
        self.blocks = residual_stack(layers, inputs, width, dropout=dropout, depth_p=depth_p)
        if self.linear:
            self.norm = nn.RMSNorm(width)
            self.final: nn.Module = nn.Linear(width, outputs)
        else:
            self.final = ResidualMLP(width, outputs, dropout=final_dropout, depth_p=0.0)

    def forward(self, fused: Tensor) -> Tensor:
        """(B, inputs) -> (B, outputs)."""
        x = self.blocks(fused)
        if self.linear:
            x = F.dropout(F.gelu(self.norm(x)), self.final_dropout, self.training)
        answer: Tensor = self.final(x)
        return answer


class MLPResidualHead(nn.Module):
    """`mlp_residual`: a branch of its own for each target. `outputs` maps a target to its count of outputs."""

    def __init__(
        self,
        inputs: int,
        outputs: Mapping[str, int],
        *,
        layers: int,
        width: int,
        dropout: float,
        final_dropout: float,
        depth_p: float,
        final: FinalLayer = "linear",
    ) -> None:
        super().__init__()
        self.targets = list(outputs)
        self.branches = nn.ModuleList(
            TargetBranch(
                inputs,
                count,
                layers=layers,
                width=width,
                dropout=dropout,
                final_dropout=final_dropout,
                depth_p=depth_p,
                final=final,
            )
            for count in outputs.values()
        )

    def forward(self, fused: Tensor) -> dict[str, Tensor]:
        """(B, inputs) -> {target: (B, outputs)}."""
        return {target: branch(fused) for target, branch in zip(self.targets, self.branches, strict=True)}


class SharedMLPResidualHead(nn.Module):
    """`shared_mlp_residual`: one trunk and one last residual block for all targets, split in alphabetical order."""

    def __init__(
        self, inputs: int, outputs: Mapping[str, int], *, layers: int, width: int, dropout: float, depth_p: float
    ) -> None:
        super().__init__()
        self.outputs = dict(sorted(outputs.items()))
        self.blocks = residual_stack(layers, inputs, width, dropout=dropout, depth_p=depth_p)
        self.final = ResidualMLP(width, sum(outputs.values()), dropout=dropout, depth_p=depth_p)

    def forward(self, fused: Tensor) -> dict[str, Tensor]:
        """(B, inputs) -> {target: (B, outputs)}."""
        return split_outputs(self.final(self.blocks(fused)), self.outputs)


class LinearHead(nn.Module):
    """`linear`: one linear layer with bias over all targets, split in alphabetical order."""

    def __init__(self, inputs: int, outputs: Mapping[str, int]) -> None:
        super().__init__()
        self.outputs = dict(sorted(outputs.items()))
        self.final = nn.Linear(inputs, sum(outputs.values()))

    def forward(self, fused: Tensor) -> dict[str, Tensor]:
        """(B, inputs) -> {target: (B, outputs)}."""
        return split_outputs(self.final(fused), self.outputs)


def split_outputs(joint: Tensor, outputs: Mapping[str, int]) -> dict[str, Tensor]:
    """(B, sum of outputs) -> {target: (B, its outputs)} in the order of `outputs`."""
    return dict(zip(outputs, torch.split(joint, list(outputs.values()), dim=1), strict=True))
