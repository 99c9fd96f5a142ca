"""How busy serving is, as one value that GET /metrics shows and a 503 reasons with."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Busyness:
    """A snapshot of the queue, the engine behind it and the models in memory."""

    waiting_requests: int
    waiting_files: int
    limit_requests: int
    """With so many requests waiting, no further one is taken."""
    limit_files: int
    """The same for the files in them: a few long requests fill the queue as well as many short ones."""
    seconds_per_file: float
    """Measured, smoothed over the last batches; 0 before the first."""
    models: int
    model_bytes: int
    """Checkpoint files behind the loaded models."""
    started: bool
    """Whether the learning machine is imported; a request before that waits for it."""

    @property
    def full(self) -> bool:
        """Whether the next request would be turned away."""
        return self.waiting_requests >= self.limit_requests or self.waiting_files >= self.limit_files

    @property
    def retry_after_s(self) -> int:
        """Whole seconds until what waits now is computed, at the measured pace; at least 1."""
        return max(1, math.ceil(self.waiting_files * self.seconds_per_file))
