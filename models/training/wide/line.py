"""The linear fit of one target: scale the features, follow the path of L2, keep what validates best, refit to all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from models.config import TargetSpec
from models.nn.wide.head import columns_of
from models.training.wide.effort import Effort
from models.training.wide.features import Features
from models.training.wide.gram import Gram, gram_of
from models.training.wide.losses import Logistic, Loss, Softmax, Squared, at_best_scale
from models.training.wide.solver import HISTORY, Solution, path

Int64 = NDArray[np.int64]
Float32 = NDArray[np.float32]

WORSE = 2
"""After so many penalties in a row that validate worse than the best, weaker ones are not tried."""
RARITIES = (1.5, 0.5, 0.0)
"""Powers of the inverse document frequency. Texts like the first (1.0 and 2.0 lose 0.1 % on IMDB, 0 loses 1 %), pieces
of files the second, and letters at a place the last (0.880 against 0.839): what stands in most files tells, too."""
MOST_TRIED = 1 << 27
"""Pairs of file and feature times columns up to which all of them are tried: half a minute at most."""
UNJUDGED = 0.05
"""L2 where no validation file has a label: what large sets of texts choose."""


@dataclass(frozen=True)
class Line:
    """weights: for each block of features (F, W) float32. bias: (W,). losses: validation loss by L2 strength.

    held_out: (V, W), scores of the validation files by a fit that never saw them; weights and bias are of all files.
    """

    weights: list[Tensor]
    bias: Float32
    l2: float
    losses: dict[float, float]
    held_out: Float32


def fit_line(
    features: Features, labels: Tensor, target: TargetSpec, effort: Effort, memory_bytes: int, go_on: Callable[[], None]
) -> Line:
    """labels: (N,) of the rows of features, training files first, as training.build.label_tensor writes them."""
    known = (labels >= 0 if target.classes is not None else ~labels.isnan()).numpy()
    rows = np.flatnonzero(known)
    train, valid = rows[rows < features.train], rows[rows >= features.train]
    columns = columns_of(target.outputs)
    history = int(np.clip(memory_bytes // 4 // (16 * features.files * columns), 2, HISTORY))
    problem = _Problem(features, labels, target, effort.steps, history, go_on)
    loss, tries = _loss(labels, valid, target), []
    for rarity in rarities(features.pairs, target) if len(valid) else RARITIES[:1]:
        gram, found = problem.solved(train, effort.penalties if len(valid) else (UNJUDGED,), rarity)
        tries.append((rarity, gram, *_best(found, loss, valid)))
    rarity, gram, best, losses = min(tries, key=lambda one: min(one[3].values()))
    held_out = best.scores[features.train :]
    if len(valid):  # from strong to weak: the way there is what makes few steps enough
        gram, found = problem.solved(rows, [l2 for l2 in losses if l2 >= best.l2], rarity)
        *_, best = found
    bias: Float32 = best.alpha.sum(axis=0, dtype=np.float64).astype(np.float32)
    return Line(gram.weights(best.alpha), bias, best.l2, losses, held_out)


@dataclass(frozen=True)
class _Problem:
    """A target to be learnt from features; see fit_line and solver.path."""

    features: Features
    labels: Tensor
    target: TargetSpec
    steps: int
    history: int
    go_on: Callable[[], None]

    def solved(self, rows: Int64, penalties: Sequence[float], rarity: float) -> tuple[Gram, Iterator[Solution]]:
        """The way down the penalties from these labelled files, with this power of the inverse document frequency."""
        own = _classes(self.labels, rows, self.target)
        gram = gram_of(self.features, own, columns_of(self.target.outputs), self.go_on, rarity=rarity)
        loss = _loss(self.labels, rows, self.target)
        return gram, path(gram.times, loss, rows, self.features.files, penalties, self.steps, self.history)


def rarities(pairs: float, target: TargetSpec) -> tuple[float, ...]:
    """Those that are tried for a target of a data set of so many pairs; of a number the feature counts alone."""
    many = target.classes is None or pairs * columns_of(target.outputs) > MOST_TRIED
    return RARITIES[:1] if many else RARITIES


def _best(solutions: Iterator[Solution], loss: Loss, valid: Int64) -> tuple[Solution, dict[float, float]]:
    """The solution of the least validation loss; the search ends when weaker penalties only do worse."""
    best, losses, worse = next(solutions), {}, 0
    losses[best.l2] = at_best_scale(loss, best.scores[valid]) if len(valid) else 0.0
    for solution in solutions:
        losses[solution.l2] = at_best_scale(loss, solution.scores[valid])
        worse = 0 if losses[solution.l2] < losses[best.l2] else worse + 1
        if not worse:
            best = solution
        if worse == WORSE:
            break
    return best, losses


def _classes(labels: Tensor, train: Int64, target: TargetSpec) -> Tensor | None:
    """(N, C) float32, one for the class of each labelled training file; None where a number is learnt."""
    if target.classes is None:
        return None
    table = torch.zeros(len(labels), len(target.classes))
    table[torch.from_numpy(train)] = one_hot(labels[torch.from_numpy(train)], len(target.classes)).float()
    return table


def _loss(labels: Tensor, rows: Int64, target: TargetSpec) -> Loss:
    """What is minimised over these rows."""
    own = labels.numpy()[rows]
    if target.classes is None:
        return Squared(own)
    return Logistic(own) if columns_of(target.outputs) == 1 else Softmax(own, len(target.classes))
