"""From positions in the data set to tensors: pieces of files as their model reads them, and the labels beside them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.nn.network import File
from models.nn.octet.cutting import pieces_of, training_starts
from models.nn.octet.pieces import Pieces
from models.nn.vocabulary import PAD
from models.packed import PackedDataset
from models.training.sampling import crop_starts

Int64 = NDArray[np.int64]
NOTHING: Mapping[str, Tensor] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Batch:
    """labels: by target, (B,): class int64 (-1 missing) or standardised float32 (nan missing)."""

    pieces: Pieces
    labels: dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class WholeFiles:
    """Whole files and their labels, as in Batch. held_out: see Network.evidence."""

    files: list[File]
    labels: dict[str, Tensor]
    held_out: dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Batches:
    """Makes batches of a data set. labels: by target, one for each file of the data set, on the device of training.

    trimmed: a batch is as wide as its longest piece, and knows of the whole files; else all are max_length wide.
    from_start: pieces are the first bytes of their files.
    """

    dataset: PackedDataset
    labels: dict[str, Tensor]
    max_length: int
    device: torch.device
    trimmed: bool = False
    from_start: bool = False

    def of(self, files: Int64, draws: NDArray[np.float64]) -> Batch:
        """The training batch of these files (B,); where pieces begin follows from draws (B,) in [0, 1)."""
        pieces = self._trimmed(files, draws) if self.trimmed else self._equally_long(files, draws)
        return Batch(pieces.to(self.device), self._labels(files))

    def in_order(self, files: Int64, size: int, held_out: Mapping[str, Tensor] = NOTHING) -> Iterator[WholeFiles]:
        """All of the files in batches of a size; the last one may be smaller. held_out: by target, a row a file."""
        for at in range(0, len(files), size):
            here = files[at : at + size]
            known = {name: answers[at : at + size] for name, answers in held_out.items()}
            yield WholeFiles([self.dataset.read(file) for file in here.tolist()], self._labels(here), known)

    def _trimmed(self, files: Int64, draws: NDArray[np.float64]) -> Pieces:
        lengths = np.asarray(self.dataset.lengths)[files]
        starts = training_starts(lengths, 0.0 * draws if self.from_start else draws, self.max_length)
        return pieces_of([self.dataset.read(file) for file in files.tolist()], starts, self.max_length)

    def _equally_long(self, files: Int64, draws: NDArray[np.float64]) -> Pieces:
        lengths = np.asarray(self.dataset.lengths)[files]
        starts = crop_starts(lengths, draws, self.max_length, "from_start" if self.from_start else "uniform")
        tokens = torch.from_numpy(self.dataset.crops(files, starts, self.max_length, PAD, dtype=np.int64))
        uncounted = torch.zeros(1, 256).expand(len(files), 256)
        return Pieces(tokens, torch.from_numpy(starts), torch.from_numpy(lengths), uncounted)

    def _labels(self, files: Int64) -> dict[str, Tensor]:
        places = torch.from_numpy(files).to(self.device)
        return {name: values[places] for name, values in self.labels.items()}
