"""Sees early that training has gone astray: a loss or gradient that is no number, or a loss far above its beginning."""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from models.training.report import TrainingError

MEND = "lower `lr`, lengthen `warmup_steps`, or set `gradient_clipping` (1.0 is usual)"
FAR, STAYS = 100.0, 3
"""A mean loss so many times that of the beginning, at so many training points in a row, does not come back."""


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
    """How the mean loss of the training points goes; plain numbers, part of TrainState."""

    first: float | None = None
    newest: float | None = None
    far: int = 0

    def update(self, loss: float | None) -> "Course":
        """The course after another point; None: nothing was labelled."""
        if loss is None:
            return self
        first = loss if self.first is None else self.first
        return Course(first, loss, self.far + 1 if loss > FAR * max(first, 1.0) else 0)

    @property
    def lost(self) -> bool:
        """Whether it will not come back."""
        return self.far >= STAYS


@dataclass
class Watch:
    """Looks at each step's loss and gradient. On a CPU at once, and a bad step raises before it changes the weights.

    On a GPU a look waits for all that is queued there, so the first bad step is noted on the device, and `look` asks
    for it whenever something is to be said or saved anyway; the weights of a bad step are lost, and were never saved.
    """

    device: torch.device
    _lrs: dict[int, float] = field(default_factory=dict)
    _last: tuple[int, float] | None = None
    _noted: Tensor | None = None

    def loss(self, step: int, loss: Tensor, lr: float, kept: str) -> None:
        """The loss of a step, shape (). Raises NonFiniteLoss."""
        self._see(step, loss.detach(), lr, kept, gradient=False)

    def gradient(self, step: int, norm: Tensor, lr: float, kept: str) -> None:
        """The norm of a step's gradient, shape (). Raises NonFiniteLoss."""
        self._see(step, norm.detach(), lr, kept, gradient=True)

    def _see(self, step: int, value: Tensor, lr: float, kept: str, *, gradient: bool) -> None:
        if self.device.type != "cpu":
            self._lrs[step] = lr
            self._note(step, value, gradient=gradient)
        elif not math.isfinite(float(value)):
            raise NonFiniteLoss(step, _WHAT[gradient], lr, self._last, kept)
        elif not gradient:
            self._last = (step, float(value))

    def _note(self, step: int, value: Tensor, *, gradient: bool) -> None:
        """(first bad step or 0, whether it was the gradient, step and value of the last finite loss), float64."""
        old = torch.zeros(4, dtype=torch.float64, device=self.device) if self._noted is None else self._noted
        bad, good = old.clone(), old.clone()
        bad[0], bad[1] = step, gradient
        if not gradient:
            good[2] = step
            good[3] = value
        self._noted = torch.where(old[0] > 0, old, torch.where(torch.isfinite(value), good, bad))

    def look(self, kept: str) -> None:
        """Ask the device for what was noted since. Raises NonFiniteLoss."""
        if self._noted is None:
            return
        step, gradient, last_step, last = self._noted.tolist()
        if step:
            known = (int(last_step), last) if last_step else None
            raise NonFiniteLoss(int(step), _WHAT[bool(gradient)], self._lrs[int(step)], known, kept)
        self._lrs.clear()


_WHAT = {False: "loss", True: "gradient"}
