"""The product with the Gram matrix of scaled features, which is never formed; and the weights it stands for."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.training.wide.features import FeatureBlock, Features

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Gram:
    """K_c = R B diag(s_c) B^T R + 1 1^T for each column c: B (N, F) has what stands where, R = 1 / sqrt(features).

    The last term is the bias. scales: for each block (F, W) or (F, 1), squares of what a feature counts.
    rows: (N, 1) the diagonal of R.
    """

    features: Features
    scales: list[Tensor]
    rows: Tensor
    go_on: Callable[[], None]

    def times(self, a: Float32) -> Float32:
        """K A, (N, W) float32: one pass over the matrix, two products a block."""
        x = self.rows * torch.from_numpy(a)
        total = torch.zeros_like(x)
        for block, scale in zip(self.features.blocks, self.scales, strict=True):
            self.go_on()
            total += block.of_files(block.of_features(x) * scale)
        product: Float32 = (self.rows * total).numpy() + a.sum(axis=0, keepdims=True, dtype=np.float64).astype(
            np.float32
        )
        return product

    def weights(self, a: Float32) -> list[Tensor]:
        """For each block (F, W): what a feature adds to a score, before the row's 1 / sqrt(features)."""
        x = self.rows * torch.from_numpy(a)
        return [b.of_features(x) * s for b, s in zip(self.features.blocks, self.scales, strict=True)]


def gram_of(
    features: Features, labels: Tensor | None, columns: int, go_on: Callable[[], None], *, rarity: float
) -> Gram:
    """Scale features for a target; the mean of K's diagonal over training files is 2 then, its bias included.

    labels: (N, C) one for the class of each labelled training file, else zero: a feature of class c counts its
    log-ratio of Naive Bayes, add-one smoothed (Wang & Manning 2012), times idf^rarity. None: a feature counts 1.
    """
    rows = features.per_file().clamp(min=1.0).rsqrt()[:, None]
    scales = [_squares(block, features.train, labels, columns, rarity) for block in features.blocks]
    diagonal = torch.zeros(features.files)
    for block, scale in zip(features.blocks, scales, strict=True):
        go_on()
        diagonal += block.of_files(scale.mean(1, keepdim=True))[:, 0]
    mean = float((diagonal * rows[:, 0] ** 2)[: features.train].mean())
    return Gram(features, [scale / max(mean, 1e-12) for scale in scales], rows, go_on)


def _squares(block: FeatureBlock, train: int, labels: Tensor | None, columns: int, rarity: float) -> Tensor:
    """(F, columns), or (F, 1) where nothing depends on the column."""
    if labels is None:
        return torch.ones(block.count, 1)
    own = block.of_features(labels)
    classes = labels.sum(0)
    others, other_classes = own.sum(1, keepdim=True) - own, classes.sum() - classes
    ratio = torch.log((own + 1) / (classes + 2)) - torch.log((others + 1) / (other_classes + 2))
    idf = torch.log(train / torch.from_numpy(block.seen).clamp(1, max(train - 1, 1)).float())
    squares = (ratio * idf[:, None] ** rarity) ** 2
    return squares[:, 1:] if columns == 1 else squares
