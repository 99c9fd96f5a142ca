"""A kernel machine on counts of n-grams, for numbers to be learnt from few files."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.nn.wide.gram_kinds import GramKinds
from models.nn.wide.grams import UInt8
from models.nn.wide.stored import Stored
from models.nn.wide.tally import BLOCK, Tally, tallied

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

ORDERS = (1, 2, 3, 4, 5)
SHARES = np.array([0.4**n for n in range(len(ORDERS))]) / sum(0.4**n for n in range(len(ORDERS)))
"""What each order counts: 0.4 of the one before (measured on SMILES strings: 0.3 to 0.5 are alike, 1.0 is worse)."""
WIDTH = 4.0
"""Of the Gaussian on log counts of byte values, in mean squared distances from the centre."""


class KernelMachine(Stored):
    """f(x) = offset + sum over training files i of alpha_i K(x, i).

    K is half the mean over orders of min-max kernels, sum min(a, b) / sum max(a, b) over the counts a and b of all
    n-grams of one order (Ruzicka; count-Tanimoto in chemistry), and half a Gaussian on log(1 + counts) of byte values.
    It keeps what it knows of its N training files: G n-grams, E pairs of n-gram and file.
    """

    hashes: Tensor  # (G,) int64, rising
    orders: Tensor  # (G,) int64, places in ORDERS
    begins: Tensor  # (G + 1,) int64, where the pairs of an n-gram begin
    files: Tensor  # (E,) int32
    counts: Tensor  # (E,) int32
    sizes: Tensor  # (N, orders) int64, how many n-grams of an order a file has
    values_log: Tensor  # (N, 256) float32
    spread: Tensor  # (1,) float64, mean squared distance of values_log from its mean
    alpha: Tensor  # (N,) float64
    offset: Tensor  # (1,) float64

    def __init__(self) -> None:
        super().__init__()
        integers = {name: torch.empty(0, dtype=torch.int64) for name in ("hashes", "orders")}
        integers |= {name: torch.empty(0, dtype=torch.int32) for name in ("files", "counts")}
        for name, value in integers.items():
            self.register_buffer(name, value)
        self.register_buffer("begins", torch.zeros(1, dtype=torch.int64))
        self.register_buffer("sizes", torch.empty(0, len(ORDERS), dtype=torch.int64))
        self.register_buffer("values_log", torch.empty(0, 256))
        self.register_buffer("spread", torch.ones(1, dtype=torch.float64))
        self.register_buffer("alpha", torch.empty(0, dtype=torch.float64))
        self.register_buffer("offset", torch.zeros(1, dtype=torch.float64))

    def values(self, files: Sequence[UInt8]) -> Float64:
        """(B,) float64; a file's value does not depend on the files beside it."""
        alpha, offset = self.alpha.numpy(), float(self.offset[0])
        return np.array([offset + float(np.sum(alpha * row)) for row in self.rows(files)])

    def rows(self, files: Sequence[UInt8]) -> list[Float64]:
        """K(x, i) of each file x and all N training files i: (N,) each."""
        return [self._row(file) for file in files]

    def _row(self, file: UInt8) -> Float64:
        tally = tallied([file], GramKinds(ORDERS), self.hashes.numpy())
        own = np.maximum(len(file) - np.array(ORDERS) + 1, 0)
        shared = self._shared(tally)
        joined = own + self.sizes.numpy() - shared
        alike = np.divide(shared, joined, out=np.zeros_like(shared), where=joined > 0) @ SHARES
        apart = ((self.values_log.numpy() - log_counts(file)) ** 2).sum(1, dtype=np.float64) / float(self.spread[0])
        return np.asarray(0.5 * alike + 0.5 * np.exp(-apart / WIDTH), np.float64)

    def _shared(self, tally: Tally) -> Float64:
        """(N, orders) how many n-grams the file shares with each training file: sums of the lesser counts."""
        begins, entries = self.begins.numpy(), tally.entries
        lengths = begins[entries + 1] - begins[entries]
        pairs = np.repeat(begins[entries] - (np.cumsum(lengths) - lengths), lengths) + np.arange(lengths.sum())
        lesser = np.minimum(self.counts.numpy()[pairs], np.repeat(tally.counts, lengths))
        width = len(ORDERS)
        cell = self.files.numpy()[pairs] * np.int64(width) + np.repeat(self.orders.numpy()[entries], lengths)
        shared: Float64 = np.bincount(cell, lesser, len(self.sizes) * width).astype(np.float64)
        return shared.reshape(-1, width)


def log_counts(file: UInt8) -> NDArray[np.float32]:
    """(256,) log(1 + how often each byte value stands in a file)."""
    counts = np.zeros(256, np.int64)
    for begin in range(0, len(file), BLOCK):  # numpy counts a copy of eight times the size
        counts += np.bincount(file[begin : begin + BLOCK], minlength=256)
    return np.log1p(counts).astype(np.float32)
