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

    def solutions(own: Int64, penalties: Sequence[float]) -> tuple[Gram, Iterator[Solution]]:
        gram = gram_of(features, _classes(labels, own, target), columns, go_on)
        loss = _loss(labels, own, target)
        return gram, path(gram.times, loss, own, features.files, penalties, effort.steps, history)

    gram, found = solutions(train, effort.penalties if len(valid) else (UNJUDGED,))
    best, losses = _best(found, _loss(labels, valid, target), valid)
    held_out = best.scores[features.train :]
    if len(valid):  # from strong to weak: the way there is what makes few steps enough
        gram, found = solutions(rows, [l2 for l2 in losses if l2 >= best.l2])
        *_, best = found
    bias: Float32 = best.alpha.sum(axis=0, dtype=np.float64).astype(np.float32)
    return Line(gram.weights(best.alpha), bias, best.l2, losses, held_out)


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
