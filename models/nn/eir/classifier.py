"""EIR's whole network for bytes, `sequence-default`: from the first bytes of files to the outputs of every target."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.nn.eir.parts import build_extractor, build_fusion, build_head
from models.nn.network import File, Mixes, Network, first_bytes

if TYPE_CHECKING:
    from models.config import RunConfig
    from models.config.targets import TargetSpec
    from models.nn.octet.pieces import Pieces


class ByteClassifier(Network):
    """Extractor, fusion and head as the config asks; weights drawn from torch's global generator.

    Raises ValueError when the config's parts do not fit one another.
    """

    def __init__(self, config: "RunConfig", targets: Sequence["TargetSpec"]) -> None:
        super().__init__()
        self.max_length = config.input.input_type_info.max_length
        self.extractor = build_extractor(config.input.model_cfg, self.max_length)
        self.fusion = build_fusion(config.fusion, self.extractor.features)
        self.head = build_head(config.output.model_cfg, self.fusion.width, {t.name: t.outputs for t in targets})

    def embed(self, tokens_BT: Tensor) -> Tensor:
        """(B, T) int64 -> (B, T, d) float32, the place where samples are mixed."""
        return self.extractor.embed(tokens_BT)

    def forward(self, tokens: Tensor | None = None, embedded: Tensor | None = None) -> dict[str, Tensor]:
        """Tokens (B, T) int64, or what `embed` made of them (B, T, d), -> {target: (B, outputs)} float32."""
        if embedded is None:
            if tokens is None:
                raise ValueError("give tokens or embedded")
            embedded = self.embed(tokens)
        outputs: dict[str, Tensor] = self.head(self.fusion(self.extractor(embedded)))
        return outputs

    def learn(self, pieces: "Pieces", mixture: Mixes | None = None) -> dict[str, Tensor]:
        """See Network: pieces are max_length long, and mixed as embeddings."""
        if mixture is None:
            outputs: dict[str, Tensor] = self(pieces.tokens)
        else:
            outputs = self(embedded=mixture.embeddings(self.embed(pieces.tokens)))
        return outputs

    def reads(self, length: int) -> int:
        """See Network: the first max_length."""
        return min(length, self.max_length)

    def cost(self, length: int) -> int:
        """See Network: every file is padded to max_length."""
        return self.max_length

    def answer(self, files: Sequence[File]) -> dict[str, Tensor]:
        """See Network: each file cut from its start."""
        tokens = torch.from_numpy(first_bytes(files, self.max_length))
        outputs: dict[str, Tensor] = self(tokens.to(next(self.parameters()).device))
        return outputs
