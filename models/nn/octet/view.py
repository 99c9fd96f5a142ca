"""A view: one way to look at the bytes of a piece, as a fixed number of features."""

from torch import Tensor, nn

from models.nn.octet.pieces import Pieces


class View(nn.Module):
    """What every view of the octet family is.

    A view takes pieces of any T, and its features never depend on how much padding stands behind a piece. `features`
    says how many it gives.
    """

    features: int

    def forward(self, pieces: Pieces) -> Tensor:
        """A batch of pieces -> (B, features) float32."""
        raise NotImplementedError
