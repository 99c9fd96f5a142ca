"""From a model's outputs to what it says of a target: validation measures these very numbers, serving sends them."""

import torch
from torch import Tensor

from models.config import TargetSpec


def probabilities(target: TargetSpec, logits: Tensor) -> Tensor:
    """(N, outputs) -> (N, classes) float64, each row summing to 1: softmax, or the sigmoid of a single output."""
    logits = logits.double()
    if not target.one_logit:
        return logits.softmax(dim=1)
    second = logits[:, 0].sigmoid()
    return torch.stack([1.0 - second, second], dim=1)


def predicted_class(target: TargetSpec, logits: Tensor) -> Tensor:
    """(N, outputs) -> (N,) int64: the most probable class, the first of equals."""
    return (logits[:, 0] > 0).long() if target.one_logit else logits.argmax(dim=1)


def scale(target: TargetSpec) -> float:
    """What one standardised unit is in the target's own; 1 for a target that never varied in training."""
    return target.std or 1.0


def standardised(target: TargetSpec, outputs: Tensor) -> Tensor:
    """(N, 1) -> (N,): a continuous target on the scale it is learnt on; 0 for one that never varied, its one value."""
    return outputs[:, 0] if target.std else torch.zeros_like(outputs[:, 0])


def values(target: TargetSpec, outputs: Tensor) -> Tensor:
    """(N, 1) -> (N,) float64: a continuous target on its original scale; one that never varied is its one value."""
    return outputs[:, 0].double() * target.std + target.mean
