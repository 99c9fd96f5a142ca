"""How unlike the training files a file is: several measures, each against files that were held out, as one score."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.nn.network import File, Unlike
from models.nn.novelty.measures import END, HEAD, Float64, Measures, Sample
from models.nn.novelty.tail import GRID, log_tail

STATISTICS = ("length", "bits", "few phrases", "phrases", "histogram", "numbers", "crowd", "head", "end")
"""What is told of a file: its length and bits per byte (too few count as too many do); how few phrases of the training
files it has, at all and for files of its kind; its distance from the nearest training files by the histogram and by the
numbers; that distance beside the one that is usual there (a local outlier factor, Breunig et al., SIGMOD 2000); how
little its first and last bytes are those of its neighbours."""
TWO_SIDED = 2
"""The first so many are told both ways."""
NEAREST, NEIGHBOURS, CROWD = 3, 16, 8
FLAGGED = 0.01
"""The share of files like the training files that is flagged all the same."""


SHAPES: dict[str, tuple[tuple[int, ...], torch.dtype]] = {
    "pair_bits": ((0,), torch.float16),
    "phrases": ((0,), torch.int32),
    "example_numbers": ((0, 5), torch.float32),
    "example_roots": ((0, 256), torch.uint8),
    "example_ends": ((0, HEAD + END), torch.int16),
    "usual": ((0, 3), torch.float32),
    "scales": ((7,), torch.float32),
    "tails": ((0, GRID + 4), torch.float64),
}
"""The buffers before anything is known."""


@dataclass(frozen=True)
class Against:
    """N files against P examples. roots, numbers: distances (N, P) by the histogram and by the numbers. order (N, k):
    the nearest examples by both. own (N, 3): the distance of the nearest, and how many of the first and of the last
    bytes differ from the most alike of the neighbours.
    """

    roots: Float64
    numbers: Float64
    order: NDArray[np.int64]
    own: Float64


class Novelty(nn.Module):
    """Buffers only, made by models.training.novelty_fit: nothing is learnt by gradients, and an average of weights must
    copy them. Empty and of no use until then; loading a state dict takes its sizes. About 0.7 MB.

    pair_bits (65536,): see novelty_measures. phrases (K,): the bits of rising uint32 hashes. example_*: up to P
    training files, the roots in 255ths. usual (P, 3): what each example has for Against.own, itself left out. scales:
    what one unit is of each number, of the distance of roots, of that of numbers. tails: an upper tail for each
    statistic, a lower one for the two-sided ones, and those of the evidence's sum, of its least, and of the worse.
    """

    def __init__(self) -> None:
        super().__init__()
        for name, (shape, dtype) in SHAPES.items():
            self.register_buffer(name, torch.zeros(shape, dtype=dtype))

    @property
    def fitted(self) -> bool:
        """Whether it knows any training files."""
        return len(self.get_buffer("tails")) > 0

    def unlike(self, files: Sequence[File]) -> list[Unlike] | None:
        """For each file, none of them empty, whether it is like the training files; None while it is not fitted."""
        if not self.fitted:
            return None
        scores, _ = self.score(files)
        return [Unlike(score, score > 1.0 - FLAGGED) for score in scores.tolist()]

    def score(self, files: Sequence[File]) -> tuple[Float64, Float64]:
        """Scores (N,) in 0..1, the share of files like the training files that are more like them, and the reasons:
        (N, S) float64 log-probabilities of STATISTICS, small where a file is unlike.

        The evidence is put together twice, by the sum of the logs (Fisher) and by the least (Tippett): many things that
        are a little odd, or one that is very odd. Each is compared with what it is for held-out files, and so is the
        worse of the two: so the measures need not be independent.
        """
        if not len(files):
            return np.zeros(0), np.zeros((0, len(STATISTICS)))
        evidence = self.evidence(self.statistics(self.measure(files)))
        log_p = log_tail(self.array("tails")[-1], self.together(evidence))
        return -np.expm1(np.minimum(log_p, 0.0)), evidence

    def together(self, evidence: Float64) -> Float64:
        """(N, S) -> (N,): how odd all the evidence is, by its sum or by the least of it."""
        by_sum, by_least = self.array("tails")[-3:-1]
        odd: Float64 = -np.minimum(log_tail(by_sum, -evidence.mean(axis=1)), log_tail(by_least, -evidence.min(axis=1)))
        return odd

    def measure(self, files: Sequence[File]) -> Measures:
        """What is measured of files that are not among those counted."""
        bits, phrases = self.array("pair_bits").astype(np.float64), self.array("phrases").view(np.uint32)
        samples = map(Sample.of, files)
        return Measures.of([s.measured(bits[s.pairs()], among(phrases, s.phrases())) for s in samples])

    def against(self, found: Measures, *, examples: bool = False) -> Against:
        """Files against the examples. examples: they are the examples themselves, each against the others."""
        scales, numbers = self.array("scales").astype(np.float64), self.array("example_numbers")
        by_roots = _distances(found.roots, self.array("example_roots") / 255.0, examples)
        by_numbers = _distances(found.numbers / scales[:5], numbers / scales[:5], examples)
        apart = np.round(np.hypot(by_roots / scales[5], by_numbers / scales[6]), 9)  # equal ones stay equal in a batch
        order = np.argsort(apart, axis=1, kind="stable")[:, : min(NEIGHBOURS, len(numbers) - 1)]
        differ = found.ends[:, None] != self.array("example_ends")[order]
        ends = [_least(differ[:, :, place].sum(axis=2)) for place in (slice(HEAD), slice(HEAD, None))]
        return Against(by_roots, by_numbers, order, np.stack([_least(apart), *ends], axis=1))

    def statistics(self, found: Measures, *, examples: bool = False) -> Float64:
        """(N, S) float64 of STATISTICS, each larger where a file is more unlike. examples: see `against`."""
        near, usual = self.against(found, examples=examples), self.array("usual").astype(np.float64)
        crowd = np.log((near.own[:, 0] + 0.05) / (usual[:, 0][near.order[:, :CROWD]].mean(axis=1) + 0.05))
        ends = near.own[:, 1:] - usual[:, 1:][near.order].mean(axis=1)
        share = np.median(self.array("example_numbers")[:, 4][near.order], axis=1)
        length, bits, _, phrases, phrase_share = found.numbers.T
        columns = [length, bits, -phrases, share - phrase_share, _least(near.roots), _least(near.numbers), crowd]
        return np.stack([*columns, ends[:, 0], ends[:, 1]], axis=1)

    def evidence(self, statistics: Float64) -> Float64:
        """(N, S) -> (N, S) log of the share of held-out files that are as unlike or more."""
        tails = self.array("tails")
        found = np.stack([log_tail(tails[at], values) for at, values in enumerate(statistics.T)], axis=1)
        for at in range(TWO_SIDED):
            low = log_tail(tails[len(STATISTICS) + at], -statistics[:, at])
            found[:, at] = np.minimum(0.0, math.log(2) + np.minimum(found[:, at], low))
        return found

    def array(self, name: str) -> NDArray[Any]:
        """A buffer as an array."""
        found: NDArray[Any] = self.get_buffer(name).detach().cpu().numpy()
        return found

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *more: Any) -> None:
        for name in SHAPES:
            if (stored := state_dict.get(prefix + name)) is not None:
                self.register_buffer(name, torch.empty_like(stored, device=self.get_buffer(name).device))
        super()._load_from_state_dict(state_dict, prefix, *more)


def among(known: NDArray[np.uint32], codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """(n,) which codes are among the known ones, which rise."""
    if not len(known):
        return np.zeros(len(codes), bool)
    found: NDArray[np.bool_] = known[np.minimum(np.searchsorted(known, codes), len(known) - 1)] == codes
    return found


def _distances(vectors: Float64, others: NDArray[Any], themselves: bool) -> Float64:
    """(N, d) and (P, d) -> (N, P) Euclid's distances; themselves: the same ones, so each is infinitely far from itself.

    By their squares, as one product: of vectors this short the rounding is below what anything here depends on.
    """
    others = others.astype(np.float64)
    squares = (vectors**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None] - 2 * vectors @ others.T
    distances: Float64 = np.sqrt(np.maximum(squares, 0.0))
    if themselves:
        np.fill_diagonal(distances, np.inf)
    return distances


def _least(values: NDArray[Any]) -> Float64:
    """(N, k) -> (N,): the mean of the NEAREST smallest of each row."""
    least: Float64 = np.sort(values, axis=1)[:, :NEAREST].mean(axis=1)
    return least
