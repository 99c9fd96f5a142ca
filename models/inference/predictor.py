"""The predictor: from a checkpoint and the bytes of files to answers, without the data they were learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.config import RunConfig, TargetSpec, load_config
from models.inference.answers import probabilities, values
from models.inference.portions import ROWS
from models.nn.network import Network, Unlike
from models.nn.registry import build_network
from models.training import checkpoint
from models.training.checkpoint import CheckpointError

File = bytes | bytearray | memoryview | npt.NDArray[np.uint8]


class EmptyFileError(ValueError):
    """A file without a single byte: there is nothing to predict from. `index` is its place among the files."""

    def __init__(self, index: int) -> None:
        super().__init__(f"file {index + 1} is empty: a prediction needs at least one byte")
        self.index = index


@dataclass(frozen=True, slots=True)
class Categorical:
    """The most probable class, and the probability of each (they sum to 1)."""

    label: str
    probabilities: dict[str, float]


@dataclass(frozen=True, slots=True)
class Continuous:
    """A value on the target's original scale."""

    value: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answers for one file, by target. read: how many of its bytes the model saw.

    unlike: whether it is like the training files; None where the checkpoint cannot tell.
    """

    outputs: dict[str, Categorical | Continuous]
    read: int
    unlike: Unlike | None = None


class Predictor:
    """A model in memory that only answers. A file alone is computed bit for bit the same every time."""

    def __init__(self, model: Network, config: RunConfig, targets: list[TargetSpec], step: int, digest: str) -> None:
        self.targets, self.step, self.digest = targets, step, digest
        self.input_name = config.input.input_info.input_name
        self.output_name = config.output.output_info.output_name
        self.max_length = config.input.input_type_info.max_length
        self._model = model

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> "Predictor":
        """Read a `best` checkpoint. Raises CheckpointError."""
        header, tensors = checkpoint.read(path, "octet-model")
        try:
            config = load_config(header["config"])
            targets = [TargetSpec.from_dict(values) for values in header["targets"]]
            model = _with_weights(config, targets, tensors)
            return cls(model.to(device).eval(), config, targets, int(header["step"]), checkpoint.digest(path))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(f"{path}: cannot be served ({error})") from error

    @property
    def whole(self) -> bool:
        """Whether the model wants whole files; else their first `max_length` bytes are enough."""
        return self._model.whole

    def read(self, length: int) -> int:
        """How many bytes of a file of this length the model sees."""
        return self._model.reads(length)

    def cost(self, length: int) -> int:
        """Bytes that a file of this length puts through the model, padding counted."""
        return self._model.cost(length)

    def predict(self, files: Sequence[File]) -> list[Prediction]:
        """Answers in the order of the files, whole or cut from their start. Raises EmptyFileError."""
        for index, file in enumerate(files):
            if not len(file):
                raise EmptyFileError(index)
        found: list[Prediction] = []
        for at in range(0, len(files), ROWS):
            here = files[at : at + ROWS]
            shares = self.arrays(here)
            answers = {t.name: _answers(t, shares[t.name]) for t in self.targets}
            unlike = self.unlike(here)
            found += [
                Prediction({n: a[i] for n, a in answers.items()}, self.read(len(file)), unlike[i] if unlike else None)
                for i, file in enumerate(here)
            ]
        return found

    @property
    def tells_unlike(self) -> bool:
        """Whether `unlike` has an answer."""
        return self._model.novelty([]) is not None

    @torch.inference_mode()
    def unlike(self, files: Sequence[File]) -> list[Unlike] | None:
        """For each file whether it is like the training files; None where the checkpoint cannot tell."""
        return self._model.novelty([np.frombuffer(file, np.uint8) for file in files])

    @torch.inference_mode()
    def arrays(self, files: Sequence[File]) -> dict[str, npt.NDArray[np.float64]]:
        """The same numbers by target, of files that go through the model together and are not empty.

        Probabilities (N, classes) in the order of the target's classes, or values (N,).
        """
        logits = self._model.answer([np.frombuffer(file, np.uint8) for file in files])
        return {t.name: _numbers(t, logits[t.name].cpu()).numpy() for t in self.targets}


def _with_weights(config: RunConfig, targets: list[TargetSpec], tensors: dict[str, Tensor]) -> Network:
    """The model with these weights; the caller's random numbers are left as they are."""
    with torch.random.fork_rng(devices=[]):
        model = build_network(config, targets)
    model.load_state_dict(tensors)
    return model


def _numbers(target: TargetSpec, logits: Tensor) -> Tensor:
    """(B, outputs) -> (B, classes) or (B,) float64."""
    return values(target, logits) if target.classes is None else probabilities(target, logits)


def _answers(target: TargetSpec, numbers: npt.NDArray[np.float64]) -> list[Any]:
    """(B, classes) or (B,) -> an answer per file."""
    if target.classes is None:
        return [Continuous(value) for value in numbers.tolist()]
    best = numbers.argmax(axis=1).tolist()
    return [
        Categorical(target.classes[b], dict(zip(target.classes, row, strict=True)))
        for b, row in zip(best, numbers.tolist(), strict=True)
    ]
