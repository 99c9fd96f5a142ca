"""The linear fit of one target: scale the features for it, follow the path of L2, keep what validates best."""

from collections.abc import Callable, Iterator
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
from models.training.wide.gram import gram_of
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
    """weights: for each block of features (F, W) float32. bias: (W,). losses: validation loss by L2 strength."""

    weights: list[Tensor]
    bias: Float32
    l2: float
    losses: dict[float, float]


def fit_line(
    features: Features, labels: Tensor, target: TargetSpec, effort: Effort, memory_bytes: int, go_on: Callable[[], None]
) -> Line:
    """labels: (N,) of the rows of features, training files first, as training.build.label_tensor writes them."""
    tried = rarities(features.pairs, target)
    lines = [_of_rarity(features, labels, target, effort, memory_bytes, go_on, rarity) for rarity in tried]
    return min(lines, key=lambda line: min(line.losses.values()))


def rarities(pairs: float, target: TargetSpec) -> tuple[float, ...]:
    """Those that are tried for a target of a data set of so many pairs; of a number the feature counts alone."""
    many = target.classes is None or pairs * columns_of(target.outputs) > MOST_TRIED
    return RARITIES[:1] if many else RARITIES


def _of_rarity(
    features: Features,
    labels: Tensor,
    target: TargetSpec,
    effort: Effort,
    memory_bytes: int,
    go_on: Callable[[], None],
    rarity: float,
) -> Line:
    """The fit for one power of the inverse document frequency."""
    known = (labels >= 0 if target.classes is not None else ~labels.isnan()).numpy()
    rows = np.flatnonzero(known)
    train, valid = rows[rows < features.train], rows[rows >= features.train]
    columns = columns_of(target.outputs)
    gram = gram_of(features, _classes(labels, train, target), columns, go_on, rarity=rarity)
    history = int(np.clip(memory_bytes // 4 // (16 * features.files * columns), 2, HISTORY))
    penalties = effort.penalties if len(valid) else (UNJUDGED,)
    solutions = path(gram.times, _loss(labels, train, target), train, features.files, penalties, effort.steps, history)
    best, losses = _best(solutions, _loss(labels, valid, target), valid)
    bias: Float32 = best.alpha.sum(axis=0, dtype=np.float64).astype(np.float32)
    return Line(gram.weights(best.alpha), bias, best.l2, losses)


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
