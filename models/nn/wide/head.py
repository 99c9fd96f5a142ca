"""The wide branch's answers: for each target a linear score of the n-grams of a whole file, or a kernel machine's."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.nn.wide.gram_kinds import GramKinds
from models.nn.wide.grams import UInt8, UInt64, at_level
from models.nn.wide.kernel import KernelMachine
from models.nn.wide.stored import Stored
from models.nn.wide.tally import Sieve, tallied

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]


SIEVED = 1 << 15
"""From so many known n-grams on a sieve saves more than it costs."""


class WideHead(Stored):
    """A convex model of the n-grams of whole files; training.wide fits it, the optimiser never sees it.

    A file's features are the known n-grams that stand in it (NB-scaled in the weights: Wang & Manning 2012), each
    counting 1 / sqrt(how many there are). Before it is fitted every answer is 0. Buffers have the size of what was
    fitted and take that of a checkpoint. F features, W columns (one for two classes or a number, else one a class).
    """

    hashes: Tensor  # (F,) int64, rising
    weights: Tensor  # (F, W) float32
    bias: Tensor  # (W,) float32
    kinds: Tensor  # see GramKinds.to_numbers
    by_kernel: Tensor  # (targets,) bool: whether the kernel machine answers

    def __init__(self, targets: Mapping[str, int]) -> None:
        """targets: how many outputs each has, as TargetSpec.outputs says."""
        super().__init__()
        self.targets = dict(targets)
        self.columns = {name: columns_of(outputs) for name, outputs in targets.items()}
        width = sum(self.columns.values())
        self.register_buffer("hashes", torch.empty(0, dtype=torch.int64))
        self.register_buffer("weights", torch.empty(0, width))
        self.register_buffer("bias", torch.zeros(width))
        self.register_buffer("kinds", torch.empty(0, dtype=torch.int64))
        self.register_buffer("by_kernel", torch.zeros(len(targets), dtype=torch.bool))
        self._sieve: Sieve | None = None
        self.kernels = torch.nn.ModuleList(KernelMachine() for _ in targets)

    @property
    def fitted(self) -> bool:
        """Whether it has anything to say."""
        return len(self.kinds) > 0

    def forward(self, files: Sequence[UInt8]) -> dict[str, Tensor]:
        """{target: (B, outputs)} float32 on the CPU: logits or standardised values of whole files, (T,) uint8 each.

        A file's answer is bit-equal whatever files stand beside it. Memory: some 30 MB, and F counts.
        """
        if not self.fitted:
            return {name: torch.zeros(len(files), outputs) for name, outputs in self.targets.items()}
        scores = np.empty((len(files), 0)) if self.by_kernel.all() else self._linear(files)
        answers, at = {}, 0
        for index, (name, outputs) in enumerate(self.targets.items()):
            column = scores[:, at : at + self.columns[name]]
            at += self.columns[name]
            if self.by_kernel[index]:
                column = cast(KernelMachine, self.kernels[index]).values(files)[:, None]
            answers[name] = as_outputs(torch.from_numpy(column.astype(np.float32)), outputs)
        return answers

    def _linear(self, files: Sequence[UInt8]) -> Float64:
        """(B, W): each row is summed in the order of the hashes, so that no other row can change its last bit."""
        rows, features = self._features(files)
        scale = 1.0 / np.sqrt(np.maximum(np.bincount(rows, minlength=len(files)), 1))
        weights = self.weights.numpy()
        total = np.stack(
            [np.bincount(rows, weights[features, column], len(files)) for column in range(weights.shape[1])], axis=1
        )
        return np.asarray(total * scale[:, None] + self.bias.numpy(), np.float64)

    def _sieve_of(self, known: Int64) -> Sieve | None:
        """Made once for the hashes at hand; for few of them a search is as quick."""
        if len(known) < SIEVED:
            return None
        if self._sieve is None or self._sieve.known.ctypes.data != known.ctypes.data:
            self._sieve = Sieve(known)
        return self._sieve

    def _features(self, files: Sequence[UInt8]) -> tuple[Int64, Int64]:
        """Rows and features (E,), level by level and by feature within a row."""
        kinds, known = GramKinds.from_numbers(self.kinds.tolist()), self.hashes.numpy()
        tally = tallied(files, kinds, known, self._sieve_of(known))
        rows, features = [tally.rows], [tally.entries]
        for level in kinds.levels[1:]:
            enough = tally.counts >= level
            if not enough.any():
                break
            base: UInt64 = known[tally.entries[enough]].astype(np.uint64)
            wanted = at_level(base, level).astype(np.int64)
            entries = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
            hit = known[entries] == wanted
            rows.append(tally.rows[enough][hit])
            features.append(entries[hit])
        return np.concatenate(rows), np.concatenate(features)


def columns_of(outputs: int) -> int:
    """How many columns of weights a target needs: two logits differ by one number."""
    return 1 if outputs == 2 else outputs


def as_outputs(columns: Tensor, outputs: int) -> Tensor:
    """(B, W) -> (B, outputs): two logits are minus and plus half of their difference."""
    return torch.cat([-columns / 2, columns / 2], dim=1) if outputs == 2 else columns
