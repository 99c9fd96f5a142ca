"""From the config to the optimisers: adamw, adam or sgdm, with decay on matrices only; Adagrad for sparse tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from models.training.sparse_adagrad import RowAdagrad

if TYPE_CHECKING:
    from models.config import RunConfig

MOMENTUM = 0.9
TABLE_LR = 0.05
"""Of sparse tables where the schedule is at its highest; it falls with the rate of the others."""


class Optimisers:
    """One or two optimisers that step together. `dense`: the parameters of the first; their gradients are clipped."""

    def __init__(self, dense: torch.optim.Optimizer, sparse: torch.optim.Optimizer | None = None) -> None:
        self._parts = [dense] if sparse is None else [dense, sparse]

    @property
    def dense_groups(self) -> list[dict[str, Any]]:
        """The parameter groups of the first optimiser; other objects after a state was loaded."""
        return self._parts[0].param_groups

    @property
    def sparse_groups(self) -> list[dict[str, Any]]:
        """Those of the tables."""
        return [group for part in self._parts[1:] for group in part.param_groups]

    @property
    def dense(self) -> list[nn.Parameter]:
        """All that the first one changes."""
        return [parameter for group in self.dense_groups for parameter in group["params"]]

    def step(self) -> None:
        """One update of all weights."""
        for part in self._parts:
            part.step()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for part in self._parts:
            part.zero_grad()

    def set_lr(self, lr: float, top: float) -> None:
        """The rate of the next step, and the highest of the schedule."""
        for group in self.dense_groups:
            group["lr"] = lr
        for group in self.sparse_groups:
            group["lr"] = TABLE_LR * lr / top

    def slots(self) -> dict[str, dict[str, Any]]:
        """What is held of each parameter, under a name that is the same in every run of the same model."""
        return {
            f"{at}-{index}" if at else str(index): values
            for at, part in enumerate(self._parts)
            for index, values in part.state_dict()["state"].items()
        }

    def load_slots(self, slots: Mapping[str, dict[str, Any]]) -> None:
        """The way back of `slots`."""
        for at, part in enumerate(self._parts):
            mine = {
                int(name.removeprefix(f"{at}-")): values
                for name, values in slots.items()
                if name.startswith(f"{at}-") or (not at and "-" not in name)
            }
            part.load_state_dict({**part.state_dict(), "state": mine})


def build_optimisers(
    config: "RunConfig", named_parameters: Iterable[tuple[str, nn.Parameter]], tables: Sequence[nn.Parameter] = ()
) -> Optimisers:
    """The optimisers over all trainable parameters; `tables` have sparse gradients and one of their own."""
    apart = {id(table) for table in tables}
    dense = _dense(config, ((name, p) for name, p in named_parameters if id(p) not in apart))
    return Optimisers(dense, RowAdagrad(tables, lr=TABLE_LR) if tables else None)


def _dense(config: "RunConfig", named_parameters: Iterable[tuple[str, nn.Parameter]]) -> torch.optim.Optimizer:
    """The config's optimiser, in two groups: two or more axes (decayed) and vectors (not decayed).

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
