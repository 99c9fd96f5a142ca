"""Changes of a config's keys after which a training fits into memory: what they are, and the largest that do."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from models.config.load import Load
from models.config.run import RunConfig

BATCH = "/globals/basic_experiment/batch_size"
LENGTH = "/input/input_type_info/max_length"

Fits = Callable[[RunConfig, Load], bool]


class Mend(NamedTuple):
    """One change after which the training fits: the key, and what to do in words."""

    pointer: str
    words: str


def batch_mend(config: RunConfig, load: Load, fits: Fits, batch_at: str) -> Iterator[Mend]:
    """Fewer files a step, where that alone does."""
    if batch := largest(load.batch - 1, lambda files: fits(config, replace(load, batch=files))):
        steps = -(-load.batch // batch)
        words = f"lower {batch_at.rpartition('/')[2]} to {batch}"
        yield Mend(batch_at, f"{words} (with gradient_accumulation_steps {steps} an update sees as many files)")


def shorter(config: RunConfig, length: int) -> RunConfig:
    """The config with another max_length."""
    info = config.input.input_type_info.model_copy(update={"max_length": length})
    return config.model_copy(update={"input": config.input.model_copy(update={"input_type_info": info})})


def largest(most: int, fits: Callable[[int], bool]) -> int:
    """The largest number from 1 to most that fits, where a smaller one fits if a larger does; 0 when 1 does not."""
    low, high = 0, max(0, most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
