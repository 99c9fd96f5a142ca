"""Arrays that are read again and again: in memory as long as there is room, then mapped from a scratch folder."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Shelf:
    """Keeps arrays within `memory_bytes`; what comes later lies in files, which the system reads as they are needed."""

    def __init__(self, memory_bytes: int, scratch: Path) -> None:
        self._left, self._scratch, self._files = memory_bytes, scratch, 0

    def keep(self, array: NDArray[Any]) -> Tensor:
        """The same numbers as a tensor to read from."""
        if array.nbytes <= self._left or not array.size:
            self._left -= array.nbytes
            return torch.from_numpy(array)
        self._scratch.mkdir(parents=True, exist_ok=True)
        self._files += 1
        mapped: NDArray[Any] = np.memmap(self._scratch / f"array-{self._files}", array.dtype, "w+", shape=array.shape)
        mapped[:] = array
        return torch.from_numpy(mapped)
