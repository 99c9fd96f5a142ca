"""What every feature extractor offers to the classifier around it."""

from torch import Tensor, nn


class Extractor(nn.Module):
    """Bytes to features, in two steps, so that samples can be mixed between them.

    embed: tokens (B, T) int64 -> (B, T, d). forward: (B, T, d) -> (B, ...), `features` numbers for a sample.
    """

    features: int

    def embed(self, tokens_BT: Tensor) -> Tensor:
        """(B, T) int64 -> (B, T, d) float32, T = max_length."""
        raise NotImplementedError
