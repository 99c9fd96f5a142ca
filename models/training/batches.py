"""From positions in the data set to tensors: bytes cut and padded to one length, and the labels beside them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.nn.vocabulary import PAD
from models.packed import PackedDataset


@dataclass(frozen=True, slots=True)
class Batch:
    """tokens: (B, T) int64. labels: by target, (B,): class int64 (-1 missing) or standardised float32 (nan missing)."""

    tokens: Tensor
    labels: dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Batches:
    """Makes batches of a data set. labels: by target, one for each file of the data set, on the device of training."""

    dataset: PackedDataset
    labels: dict[str, Tensor]
    max_length: int
    device: torch.device

    def of(self, files: NDArray[np.int64], starts: NDArray[np.int64]) -> Batch:
        """The batch of these files (B,), each read from its start (B,) on."""
        tokens = torch.from_numpy(self.dataset.crops(files, starts, self.max_length, PAD, dtype=np.int64))
        places = torch.from_numpy(files).to(self.device)
        return Batch(tokens.to(self.device), {name: values[places] for name, values in self.labels.items()})

    def in_order(self, files: NDArray[np.int64], size: int) -> Iterator[Batch]:
        """All of the files, each from its start, in batches of a size; the last one may be smaller."""
        for at in range(0, len(files), size):
            here = files[at : at + size]
            yield self.of(here, np.zeros(len(here), np.int64))
