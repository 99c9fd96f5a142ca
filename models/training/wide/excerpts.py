"""What the wide branch reads of the files of a data set: the very bytes that it reads when it answers."""

from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from models.nn.spread import excerpt, spread_bytes
from models.nn.wide.grams import UInt8
from models.packed import PackedDataset

Int64 = NDArray[np.int64]


class Excerpts(Sequence[UInt8]):
    """Some files of a data set, each read when it is asked for; the excerpt of a long one is a copy."""

    def __init__(self, dataset: PackedDataset, places: Int64) -> None:
        """places: (N,) of the files."""
        self._dataset, self._places = dataset, places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> UInt8: ...

    @overload
    def __getitem__(self, at: slice) -> "Excerpts": ...

    def __getitem__(self, at: int | slice) -> "UInt8 | Excerpts":
        if isinstance(at, slice):
            return Excerpts(self._dataset, self._places[at])
        return excerpt(self._dataset.read(int(self._places[at])))

    def lengths(self) -> Int64:
        """(N,) bytes that are read of each."""
        return np.array([spread_bytes(n) for n in np.asarray(self._dataset.lengths)[self._places].tolist()], np.int64)
