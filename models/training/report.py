"""What training says to whoever started it: plan, points, progress, checkpoints, the end. Free of torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

Side = Literal["train", "valid"]
"""The files that a value was taken over."""

SavedKind = Literal["best", "resume"]
EndReason = Literal["finished", "early_stop", "time", "stopped"]


def longest_s(budget_s: float) -> float:
    """Seconds after which a run that has not ended itself within its budget is ended: a quarter and a minute more."""
    return 1.25 * budget_s + 60.0


class TrainingError(RuntimeError):
    """Training cannot go on; the text says why and what to change. Root of every error that training raises."""


class Speed(BaseModel):
    """What was measured on a device before a run: seconds of one step, and of one whole validation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step_s: float = Field(ge=0, description="seconds of a training step")
    validation_s: float = Field(ge=0, description="seconds of a validation")
    wide_s: float = Field(default=0.0, ge=0, description="seconds of fitting the wide branch, as forecast")


class Guess(BaseModel):
    """What a guess knows of the validation files of one target: most, right: of classes; deviation: of numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: int = Field(ge=1, description="validation files with a label")
    most: str | None = Field(default=None, description="the class that most training files have")
    right: int | None = Field(default=None, ge=0, description="validation files of that class")
    deviation: float | None = Field(default=None, description="standard deviation of their labels")


class SplitReport(BaseModel):
    """How the files of a run were divided, and what a user should know of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: int = Field(ge=1, description="files to train on")
    valid: int = Field(ge=1, description="files to validate on")
    how: str = Field(description="by what they were divided")
    notes: list[str] = Field(description="what is odd about it: equal files, classes that one side lacks")
    guesses: dict[str, Guess] = Field(default_factory=dict, description="by target, what to be better than")


class Plan(BaseModel):
    """How one run is carried out on one device: made once, kept for every resume.

    Runs with equal configs and plans on equal data are bit-equal on a CPU. reasons: why each value, by field name.
    measured, split: None where nothing had to be measured, and in plans of older versions. Like reasons, split decides
    nothing of what is computed; measured only whether there is a validation before the first step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(ge=1, description="batches to train on")
    batch_size: int = Field(ge=1, description="files per batch")
    threads: int = Field(ge=1, description="CPU threads of torch")
    device: Literal["cpu", "cuda"] = "cpu"
    precision: Literal["float32"] = "float32"
    sample_interval: int = Field(ge=1, description="steps between two validations")
    checkpoint_interval: int | None = Field(
        default=None, ge=1, description="steps between two best checkpoints; none: each validation"
    )
    steps_per_epoch: int = Field(ge=1, description="training files // batch_size")
    wide_effort: int | None = Field(
        default=None, ge=0, description="how much work the wide branch is worth, 0 the most; none: not fitted"
    )
    reasons: dict[str, str] = Field(default_factory=dict)
    measured: Speed | None = None
    split: SplitReport | None = None

    @property
    def measured_at_once(self) -> bool:
        """Whether a model that can answer before its first step is measured then.

        What was fitted is; a network that has learnt nothing only where that takes less time than all its steps.
        """
        speed = self.measured
        return self.wide_effort is not None or speed is None or speed.validation_s < self.steps * speed.step_s

    def cut_short(self, epochs: int) -> bool:
        """Whether a time budget left fewer steps than so many epochs have."""
        return self.measured is not None and self.steps < epochs * self.steps_per_epoch


@dataclass(frozen=True, slots=True)
class Point:
    """One metric value. target None means over all targets; names are lower-case; the value is finite."""

    step: int
    epoch: float
    split: Side
    target: str | None
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far training is; eta_s is seconds to the end, None before the first step is timed."""

    step: int
    steps: int
    epoch: float
    eta_s: float | None


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint file that is complete on disk.

    digest: SHA-256 of the file, hex. average: what `best` goes by at that step, the average of the validation or, where
    none is defined, minus its loss (None for resume files).
    metrics: validation values at that step, {target or '': {name: value}}.
    """

    kind: SavedKind
    step: int
    path: Path
    digest: str
    size_bytes: int
    average: float | None
    metrics: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How training ended; stop_reason is what Stop.requested said when reason is 'stopped'."""

    reason: EndReason
    step: int
    stop_reason: str | None = None


class Report(Protocol):
    """Where training tells what happened, in order: the points of a step always come before a checkpoint of it."""

    def planned(self, plan: Plan) -> None:
        """The plan that is carried out; once, before the first step."""

    def points(self, points: Sequence[Point]) -> None:
        """New metric values, all of one step."""

    def progress(self, progress: Progress) -> None:
        """After every step; cheap to ignore."""

    def saved(self, saved: Saved) -> None:
        """A checkpoint file lies ready; the receiver owns it from now on and may move or delete it."""


class Stop(Protocol):
    """How the caller asks for an end; read after every step."""

    def requested(self) -> str | None:
        """A word for why to stop now (a resume checkpoint is written first), or None to go on."""
