"""What serving asks of a trained model: `models.inference.Predictor`, or a few lines of Python in a test."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeGuard


class Categorical(Protocol):
    """The answer for a categorical target."""

    @property
    def label(self) -> str:
        """The most probable class."""

    @property
    def probabilities(self) -> Mapping[str, float]:
        """Of every class; they sum to 1."""


class Continuous(Protocol):
    """The answer for a continuous target."""

    @property
    def value(self) -> float:
        """On the scale of the labels."""


def is_categorical(output: object) -> TypeGuard[Categorical]:
    """Which of the two it is; asking a protocol itself takes thirty times as long, and is asked per file."""
    return hasattr(output, "probabilities")


class Unlike(Protocol):
    """How unlike the training data a file is."""

    @property
    def score(self) -> float:
        """From 0, as they are, to 1."""

    @property
    def flag(self) -> bool:
        """Whether it is too unlike to be trusted."""


class Answer(Protocol):
    """What a model says about one file: an output per target, and how many of its bytes were read."""

    @property
    def outputs(self) -> Mapping[str, Categorical | Continuous]:
        """Target name to answer."""

    @property
    def read(self) -> int:
        """Bytes of the file that the model saw."""

    @property
    def unlike(self) -> Unlike | None:
        """Whether the file is like those trained on; None where the model cannot tell."""


class Model(Protocol):
    """A trained model in memory, ready to answer. Used by one thread at a time."""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the checkpoint file."""

    @property
    def step(self) -> int:
        """Optimiser steps behind these weights."""

    @property
    def input_name(self) -> str:
        """The one input, as the run's config calls it."""

    @property
    def output_name(self) -> str:
        """The one output, as the run's config calls it."""

    @property
    def whole(self) -> bool:
        """Whether it wants whole files; else their first `read(length)` bytes are enough."""

    def read(self, length: int) -> int:
        """How many bytes the model reads of a file of `length` bytes."""

    def cost(self, length: int) -> int:
        """Bytes that a file of this length puts through the model, padding counted: what batches are cut by."""

    def predict(self, files: Sequence[bytes | memoryview]) -> Sequence[Answer]:
        """One answer per file, in the same order."""
