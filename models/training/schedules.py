"""The learning rate of a step: warm-up, then plateau, cosine, cycle or same; pure, so that a resume needs no replay."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.config.sides import is_cut
from models.config.size import is_octet

if TYPE_CHECKING:
    from models.config import RunConfig

THRESHOLD = 1e-4
"""A new best is above best * (1 + this): torch's ReduceLROnPlateau in its modes `max` and `rel`, as EIR uses it.

So below zero (an average may be, minus a loss is) also a value slightly under the best counts as a new best.
"""

CUT_WARMUP = 0.1
"""Of the steps that there is time for: the longest warm-up of Octet's own model where they are fewer than its epochs.

Its recipe chooses a warm-up for all epochs; of a run that is cut to a tenth of them it would be most or all.
"""


def warmup_steps(config: "RunConfig") -> int:
    """Steps of warm-up, 0 for none and for `same`; `auto` is round(2 / (1 - b2)), Ma & Yarats (2021), else 2,000."""
    schedule, optimization = config.globals.lr_schedule, config.globals.optimization
    if schedule.lr_schedule == "same" or not schedule.warmup_steps:
        return 0
    if schedule.warmup_steps != "auto":
        return int(schedule.warmup_steps)
    return 2000 if optimization.optimizer == "sgdm" else round(2 / (1 - optimization.b2))


def lr_at(config: "RunConfig", step: int, *, steps: int, steps_per_epoch: int, plateau_factor: float = 1.0) -> float:
    """The learning rate of the step that follows `step` done ones.

    steps: of the whole run; plateau_factor: what PlateauState holds, 1.0 for the other schedules. Warm-up is linear
    from `lr_lb`, which is also the floor of every schedule.
    """
    top, floor = config.globals.optimization.lr, config.globals.optimization.lr_lb
    warm = _warmup_within(config, steps, steps_per_epoch)
    if step < warm:
        return floor + (top - floor) * step / warm
    after = step - warm
    match config.globals.lr_schedule.lr_schedule:
        case "plateau":
            return max(floor, top * plateau_factor)
        case "cosine":
            return _cosine(top, floor, min(1.0, after / max(1, steps - warm)))
        case "cycle":
            return _cosine(top, floor, _cycle_share(after, max(1, steps_per_epoch)))
        case _:
            return top


def _warmup_within(config: "RunConfig", steps: int, steps_per_epoch: int) -> int:
    """Steps of warm-up in a run of so many steps: as configured, but of Octet's own model no more than CUT_WARMUP."""
    warm = warmup_steps(config)
    if not is_octet(config) or not is_cut(config, steps, steps_per_epoch):
        return warm
    return min(warm, max(1, round(CUT_WARMUP * steps)))


def _cosine(top: float, floor: float, share: float) -> float:
    return floor + (top - floor) * (1 + math.cos(math.pi * share)) / 2


def _cycle_share(after: int, first: int) -> float:
    """Which share of its cycle is done: cycle k is first * 2^k steps long and begins at first * (2^k - 1)."""
    cycle = (after // first + 1).bit_length() - 1
    length = first << cycle
    return (after - (length - first)) / length


@dataclass(frozen=True, slots=True)
class PlateauRule:
    """When the learning rate falls: after `patience` counted evaluations without a new best (0 = never), by `factor`.

    A new best rises above the old one by THRESHOLD. Evaluations count after the warm-up, at multiples of
    `sample_interval` steps.
    """

    patience: int
    factor: float
    sample_interval: int
    warmup: int

    @classmethod
    def of(cls, config: "RunConfig", sample_interval: int) -> "PlateauRule":
        """The rule of a run; another schedule than plateau never lets it fall."""
        schedule = config.globals.lr_schedule
        patience = schedule.lr_plateau_patience if schedule.lr_schedule == "plateau" else 0
        return cls(patience, schedule.lr_plateau_factor, sample_interval, warmup_steps(config))


@dataclass(frozen=True, slots=True)
class PlateauState:
    """What the evaluations so far have done to the learning rate; plain numbers, part of TrainState."""

    best: float | None = None
    bad: int = 0
    factor: float = 1.0

    def update(self, average: float, *, step: int, rule: PlateauRule) -> "PlateauState":
        """The state after an evaluation at `step`."""
        if not rule.patience or step <= rule.warmup or step % rule.sample_interval:
            return self
        if self.best is None or average > self.best * (1 + THRESHOLD):
            return replace(self, best=average, bad=0)
        if self.bad + 1 < rule.patience:
            return replace(self, bad=self.bad + 1)
        return replace(self, bad=0, factor=self.factor * rule.factor)
