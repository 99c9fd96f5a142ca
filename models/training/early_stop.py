"""When to stop before the last step: too many evaluations without a new best average."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.config import RunConfig


@dataclass(frozen=True, slots=True)
class EarlyStopRule:
    """`patience` counted evaluations without a new best (0 = never stop).

    Evaluations count at multiples of `sample_interval` steps, from step `buffer` on; that of step 0 never does: it is
    of what was fitted before the network learnt anything.
    """

    patience: int
    buffer: int
    sample_interval: int

    @classmethod
    def of(cls, config: "RunConfig", sample_interval: int) -> "EarlyStopRule":
        """The rule of a run."""
        control = config.globals.training_control
        return cls(control.early_stopping_patience or 0, control.early_stopping_buffer or 0, sample_interval)


@dataclass(frozen=True, slots=True)
class EarlyStopState:
    """The best average so far and how many evaluations came since; plain numbers, part of TrainState."""

    best: float | None = None
    bad: int = 0

    def update(self, average: float, *, step: int, rule: EarlyStopRule) -> "EarlyStopState":
        """The state after an evaluation at `step`."""
        if not rule.patience or step < max(1, rule.buffer) or step % rule.sample_interval:
            return self
        if self.best is None or average > self.best:
            return replace(self, best=average, bad=0)
        return replace(self, bad=self.bad + 1)

    def exhausted(self, rule: EarlyStopRule) -> bool:
        """True when the run should stop."""
        return rule.patience > 0 and self.bad >= rule.patience
