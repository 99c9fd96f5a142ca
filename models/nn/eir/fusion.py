"""From the extractor's features to one vector of fixed width."""

from torch import Tensor, nn

from models.nn.eir.residual_mlp import residual_stack


class MLPResidualFusion(nn.Module):
    """`mlp-residual`: features flattened, then residual MLP blocks; `width` is what leaves it."""

    def __init__(self, features: int, *, layers: int, width: int, dropout: float, depth_p: float) -> None:
        super().__init__()
        self.width = width
        self.blocks = residual_stack(layers, features, width, dropout=dropout, depth_p=depth_p)

    def forward(self, features: Tensor) -> Tensor:
        """(B, ...) -> (B, width)."""
        fused: Tensor = self.blocks(features.flatten(1))
        return fused
