"""From the config to the optimiser: adamw, adam or sgdm, with decay on matrices only."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from models.config import RunConfig

MOMENTUM = 0.9


def build_optimiser(config: "RunConfig", named_parameters: Iterable[tuple[str, nn.Parameter]]) -> torch.optim.Optimizer:
    """The optimiser over all trainable parameters, in two groups: two or more axes (decayed) and vectors (not decayed).

    Embeddings and learnt positions are matrices and decay; norms, biases and layer scales do not. Parameters stand in
    the order of their names, so that a stored state finds its way back. `fused` is one kernel instead of a handful of
    small operations per tensor: elementwise, hence deterministic, and a third of the plain loop's time on a CPU.
    """
    chosen = config.globals.optimization
    trainable = [p for _, p in sorted(named_parameters, key=lambda pair: pair[0]) if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in trainable if p.ndim >= 2], "weight_decay": chosen.wd},
        {"params": [p for p in trainable if p.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    betas = (chosen.b1, chosen.b2)
    match chosen.optimizer:
        case "adamw":
            return torch.optim.AdamW(groups, lr=chosen.lr, betas=betas, fused=True)
        case "adam":
            return torch.optim.Adam(groups, lr=chosen.lr, betas=betas, fused=True)
        case "sgdm":
            return torch.optim.SGD(groups, lr=chosen.lr, momentum=MOMENTUM, fused=True)
        case other:
            raise ValueError(f"no optimizer is called {other!r}; there are adamw, adam and sgdm")
