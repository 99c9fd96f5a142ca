"""`sequence-default`: bytes to features by local attention, EIR 0.23's feature extractor for byte inputs."""

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from models.nn.blocks import EncoderBlock
from models.nn.eir.embeddings import ByteEmbedding
from models.nn.eir.extractor import Extractor
from models.nn.eir.pooling import Pool, join_windows, pool_windows, pooled_features
from models.nn.eir.positions import FixedPositions, LearntPositions
from models.nn.eir.row_chunks import in_row_chunks
from models.nn.eir.windows import fold, window_count, window_length
from models.nn.masks import ByteMasks
from models.nn.masks import dropout as drop

if TYPE_CHECKING:
    from models.config.inputs import ExtractorModel

TOKENS_AT_ONCE = 4096
"""At most so many tokens are encoded at a time on a CPU: what a block makes of them stays in the last cache. By
measurement: fewer cost more calls than they save, a whole batch of 64 files costs memory traffic."""


class SequenceDefault(Extractor):
    """Embedding * sqrt(d) + positions, cut into windows, encoder blocks on each window, pooled.

    `features` is the count of numbers that leave it for one sample.
    """

    def __init__(
        self,
        max_length: int,
        *,
        width: int = 64,
        heads: int = 8,
        layers: int = 2,
        hidden: int | Literal["auto"] = "auto",
        dropout: float = 0.1,
        position: Literal["encode", "embed"] = "encode",
        position_dropout: float = 0.1,
        window_size: int = 0,
        pool: Pool = None,
        masked: bool = False,
    ) -> None:
        super().__init__()
        self.max_length, self.width, self.pool, self.position_dropout = max_length, width, pool, position_dropout
        self.window = window_length(max_length, window_size)
        self.windows = window_count(max_length, window_size)
        self.features = pooled_features(self.windows, self.window, width, pool)
        self.embedding = ByteEmbedding(width)
        self.positions = (LearntPositions if position == "embed" else FixedPositions)(max_length, width)
        hidden = 4 * width if hidden == "auto" else hidden
        self.blocks = nn.ModuleList(
            EncoderBlock(width, heads, self.window, hidden, dropout=dropout, masked=masked) for _ in range(layers)
        )

    def embed(self, tokens_BT: Tensor) -> Tensor:
        """(B, T) int64 -> (B, T, d): rows of the table, unscaled."""
        embedded: Tensor = self.embedding(tokens_BT)
        return embedded

    def forward(self, embedded_BTd: Tensor) -> Tensor:
        """(B, T, d) from `embed`, mixed or not -> (B, n * d), or (B, n * W, d) without pooling. T is max_length."""
        if embedded_BTd.shape[1:] != (self.max_length, self.width):
            raise ValueError(
                f"the extractor reads (B, {self.max_length}, {self.width}), got {tuple(embedded_BTd.shape)}; "
                f"pad or cut the tokens to max_length"
            )
        x_NWd = fold(embedded_BTd * self.width**0.5 + self.positions(), self.window)
        on_cpu = x_NWd.device.type == "cpu"
        return join_windows(self._encode_in_chunks(x_NWd) if on_cpu else self._encode(x_NWd, None), self.windows)

    def _encode(self, x_NWd: Tensor, masks: ByteMasks | None) -> Tensor:
        """Windows (N, W, d) -> (N, d), or (N, W, d) without pooling.

        Position dropout stands here, after the cut into windows: it leaves the zeros in front as they are.
        """
        x_NWd = drop(x_NWd, self.position_dropout, self.training, masks)
        for block in self.blocks:
            x_NWd = block(x_NWd, masks)
        return pool_windows(x_NWd, self.pool)

    def _encode_in_chunks(self, x_NWd: Tensor) -> Tensor:
        """`_encode` a few windows at a time; each chunk's dropout has its own seed from torch's global generator."""
        chunks = min(len(x_NWd), -(-x_NWd.shape[0] * self.window // TOKENS_AT_ONCE))
        rows = -(-len(x_NWd) // chunks)
        seeds = torch.randint(2**63 - 1, (chunks,)).tolist() if self.training else None

        def encode(chunk: Tensor, number: int) -> Tensor:
            return self._encode(chunk, ByteMasks(seeds[number]) if seeds else None)

        return in_row_chunks(encode, x_NWd, rows, [p for p in self.blocks.parameters() if p.requires_grad])


def build_sequence_default(model_cfg: "ExtractorModel", max_length: int) -> SequenceDefault:
    """The extractor that a config's `input.model_config` describes."""
    init = model_cfg.model_init_config
    return SequenceDefault(
        max_length,
        width=model_cfg.embedding_dim,
        heads=init.num_heads,
        layers=init.num_layers,
        hidden=init.dim_feedforward,
        dropout=init.dropout,
        position=model_cfg.position,
        position_dropout=model_cfg.position_dropout,
        window_size=model_cfg.window_size,
        pool=model_cfg.pool,
        masked=model_cfg.masked,
    )
