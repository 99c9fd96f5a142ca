"""A module whose numbers are fitted, not trained: buffers that take the shapes of what is loaded."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy, nn


class Stored(nn.Module):
    """Buffers only. They stay on the CPU, where files are hashed, whatever device the model is moved to."""

    def set(self, **values: NDArray[Any]) -> None:
        """Replace buffers, each by name; shapes may change, dtypes stay."""
        for name, value in values.items():
            kept = getattr(self, name).numpy().dtype
            setattr(self, name, from_numpy(np.array(value, dtype=kept, order="C")))

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        for name, buffer in self.named_buffers(recurse=False):
            found = state_dict.get(prefix + name)
            if isinstance(found, Tensor) and found.shape != buffer.shape:
                setattr(self, name, buffer.new_empty(found.shape))
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Stored":
        return self
