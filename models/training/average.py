"""The moving average of weights over steps: what validation measures and a `best` checkpoint keeps."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """Exponential moving average (Polyak & Juditsky 1992; Tarvainen & Valpola 2017) of parameters.

    decay rises as (1 + n) / (10 + n) over updates n up to `decay`, so that the first weights are soon forgotten.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        self.decay, self.updates = decay, 0
        self._parameters = dict(parameters)
        self._averages = [parameter.detach().clone() for parameter in self._parameters.values()]

    @torch.no_grad()
    def update(self) -> None:
        """After a step of the optimiser."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self._averages, list(self._parameters.values()), 1.0 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within it the parameters hold their averages; the optimiser must not step meanwhile."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def tensors(self) -> dict[str, Tensor]:
        """The averages by the names of their parameters."""
        return dict(zip(self._parameters, self._averages, strict=True))

    def load(self, tensors: Mapping[str, Tensor], updates: int) -> None:
        """The way back of `tensors`, in place. Raises KeyError and RuntimeError."""
        self.updates = updates
        for name, average in self.tensors().items():
            average.copy_(tensors[name])

    def _exchange(self) -> None:
        for at, parameter in enumerate(self._parameters.values()):
            parameter.data, self._averages[at] = self._averages[at], parameter.data
