"""Sees early that training has gone astray: a loss or gradient that is no number, or a loss far above its beginning."""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from models.training.report import TrainingError

MEND = "lower `lr`, lengthen `warmup_steps`, or set `gradient_clipping` (1.0 is usual)"
FAR, STAYS, STAYS_STEPS = 100.0, 3, 20
"""A mean loss so many times that of the beginning, at so many training points in a row and over so many steps, does not
come back."""


class NonFiniteLoss(TrainingError):
    """The loss or its gradient became NaN or infinite at a step; what was saved is from before it.

    last: the last loss that was a number, with its step, if there was one in this attempt.
    """

    def __init__(self, step: int, what: str, lr: float, last: tuple[int, float] | None, kept: str) -> None:
        before = f"the last finite loss was {last[1]:.4g} at step {last[0]}; " if last else ""
        super().__init__(
            f"the {what} became NaN or infinite at step {step} (learning rate {lr:g}): training diverged; {before}"
            f"{kept}{MEND}"
        )
        self.step = step


class Diverging(TrainingError):
    """The loss is still a number, but far above where it began, and it stays there."""

    def __init__(self, step: int, course: "Course", lr: float, kept: str) -> None:
        super().__init__(
            f"the mean loss was {course.newest:.4g} up to step {step} (learning rate {lr:g}), at the beginning "
            f"{course.first:.4g}: "
            f"training diverged; {kept}{MEND}"
        )
        self.step = step


@dataclass(frozen=True, slots=True)
class Course:
    """How the mean loss of the training points goes; plain numbers, part of TrainState.

    first, newest: means. far: points in a row that are far above the first, the earliest of them at step `since`.
    """

    first: float | None = None
    newest: float | None = None
    far: int = 0
    since: int = 0
    step: int = 0

    def update(self, loss: float | None, step: int) -> "Course":
        """The course after another point; None: nothing was labelled."""
        if loss is None:
            return self
        first = loss if self.first is None else self.first
        if loss <= FAR * max(first, 1.0):
            return Course(first, loss, step=step)
        return Course(first, loss, self.far + 1, self.since if self.far else step, step)

    @property
    def lost(self) -> bool:
        """Whether it will not come back."""
        return self.far >= STAYS and self.step - self.since >= STAYS_STEPS


@dataclass
class Watch:
    """Looks at each step's loss and gradient. On a CPU at once, and a bad step raises before it changes the weights.

    On a GPU a look waits for all that is queued there, so the numbers stay on the device until `look` asks for them,
    whenever something is to be said or saved anyway; the weights of a bad step are lost, and were never saved.
    """

    device: torch.device
    _last: tuple[int, float] | None = None
    _unseen: list[tuple[int, str, float, Tensor]] = field(default_factory=list)

    def loss(self, step: int, loss: Tensor, lr: float, kept: str) -> None:
        """The loss of a step, shape (). Raises NonFiniteLoss."""
        self._take(step, _LOSS, lr, loss, kept)

    def gradient(self, step: int, norm: Tensor, lr: float, kept: str) -> None:
        """The norm of a step's gradient, shape (). Raises NonFiniteLoss."""
        self._take(step, "gradient", lr, norm, kept)

    def look(self, kept: str) -> None:
        """At all that was not looked at yet. Raises NonFiniteLoss for the first that is no number."""
        unseen, self._unseen = self._unseen, []
        if not unseen:
            return
        values = torch.stack([value for *_, value in unseen]).tolist()
        for (step, what, lr, _), value in zip(unseen, values, strict=True):
            self._see(step, what, lr, value, kept)

    def _take(self, step: int, what: str, lr: float, value: Tensor, kept: str) -> None:
        if self.device.type == "cpu":
            self._see(step, what, lr, float(value.detach()), kept)
            return
        self._unseen.append((step, what, lr, value.detach()))
        if len(self._unseen) >= _MOST:
            self.look(kept)

    def _see(self, step: int, what: str, lr: float, value: float, kept: str) -> None:
        if not math.isfinite(value):
            raise NonFiniteLoss(step, what, lr, self._last, kept)
        if what == _LOSS:
            self._last = (step, value)


_LOSS = "loss"
_MOST = 1000
