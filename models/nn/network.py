"""What training, validation and serving ask of a model, whatever its type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from models.nn.vocabulary import PAD

if TYPE_CHECKING:
    from models.nn.octet.blend import Blend
    from models.nn.octet.pieces import Pieces

File = NDArray[np.uint8]
"""The bytes of one file, (length,) uint8; may be a read-only view on a memory map."""


class Mixes(Protocol):
    """How the samples of a batch are mixed: each with the one that stands at its place in another order."""

    def embeddings(self, embedded: Tensor) -> Tensor:
        """(B, ...) -> (B, ...), mixed."""


@dataclass(frozen=True, slots=True)
class Unlike:
    """How unlike the training data a file is: 0 as they are, 1 as unlike as can be. flag: too unlike to be trusted."""

    score: float
    flag: bool


class Network(nn.Module):
    """A whole network of a run: from files to the outputs of every target. Weights come from torch's generator.

    blend: what weighs several sources of evidence, None where there is one.
    """

    blend: "Blend | None"

    def __init__(self) -> None:
        super().__init__()
        self.blend = None

    def tables(self) -> list[nn.Parameter]:
        """Parameters with sparse gradients, (rows, width), of which a batch touches few rows."""
        return []

    def learn(self, pieces: "Pieces", mixture: Mixes | None = None) -> dict[str, Tensor]:
        """Pieces of files -> {target: (K * B, outputs)} float32: what each of K networks says, one after another.

        mixture: mixes samples inside the network. Called in training mode, with gradients.
        """
        raise NotImplementedError

    def evidence(self, files: Sequence[File], held_out: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """Whole files, none of them empty -> {target: (N, sources, outputs)} float32: what each source says alone.

        held_out: {target: (N, outputs)} answers that stand for those of a source which was fitted on these very files.
        """
        return {name: outputs[:, None] for name, outputs in self.answer(files).items()}

    whole: bool = False
    """Whether `answer` wants whole files; else the first `reads(length)` bytes are all that it looks at."""

    def reads(self, length: int) -> int:
        """How many bytes of a file of this length decide about its answer."""
        raise NotImplementedError

    def cost(self, length: int) -> int:
        """Bytes, padding counted, that a file of this length puts through the network: what batches are cut by."""
        return self.reads(length)

    def answer(self, files: Sequence[File]) -> dict[str, Tensor]:
        """Whole files, none of them empty, -> {target: (N, outputs)} float32: logits, or standardised values.

        What validation measures and what serving sends. Called in eval mode, without gradients.
        """
        raise NotImplementedError

    def novelty(self, files: Sequence[File]) -> list[Unlike] | None:
        """For each file whether it is like those trained on; None, also for no files, from a network that cannot tell.

        `files` are as for `answer`. Called in eval mode, without gradients.
        """
        return None


def first_bytes(files: Sequence[File], length: int) -> NDArray[np.int64]:
    """The first `length` bytes of each file as tokens (N, length), PAD behind the end of a shorter one."""
    tokens = np.full((len(files), length), PAD, np.int64)
    for row, file in zip(tokens, files, strict=True):
        piece = file[:length]
        row[: len(piece)] = piece
    return tokens
