"""Fit the wide branch to a data set: gather features once, then solve a convex problem for each target."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.config import TargetSpec
from models.nn.wide import GramKinds, WideHead
from models.nn.wide.head import as_outputs, columns_of
from models.nn.wide.kernel import KernelMachine
from models.packed import PackedDataset
from models.training.report import Stop
from models.training.wide.effort import EFFORTS, Effort, kinds_for, min_files_of
from models.training.wide.excerpts import Excerpts
from models.training.wide.features import Features, gather
from models.training.wide.kernel_fit import FEWEST_FILES, fit_kernel, small_enough
from models.training.wide.line import Line, fit_line
from models.training.wide.solver import least_bytes

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

WEIGHTS = 1 << 23
"""Numbers in all columns of weights together: 32 MB of a checkpoint, and 8 bytes a feature beside them."""
FEATURE_BYTES, WEIGHT_BYTES = 40, 16
"""What storing takes at its peak of each feature (hashes, sorted and in order) and of each of its weights."""


MOST_DEVIATIONS = 100.0
"""Numbers so many standard deviations from the mean are learnt as if they lay there.

One far beyond would decide every square, and the squares of 1e20 are no float32: all answers were NaN.
"""


@dataclass
class FitReport:
    """What was fitted, and why so, in words.

    held_out: by target (V, outputs) float32, what the validation files are answered by a fit that never saw them.
    """

    why: list[str]
    held_out: dict[str, Tensor] = field(default_factory=dict)
    seconds: float = 0.0


class _StoppedError(Exception):
    """The caller asked for an end."""


@dataclass(frozen=True)
class _Task:
    """Files, the first `train` of which train, and how to go about it."""

    files: Excerpts
    train: int
    kinds: GramKinds
    memory_bytes: int
    scratch: Path
    go_on: Callable[[], None]


def fit_wide(
    head: WideHead,
    dataset: PackedDataset,
    train: Int64,
    valid: Int64,
    labels: Mapping[str, Tensor],
    targets: Sequence[TargetSpec],
    *,
    effort: Effort = EFFORTS[0],
    seed: int = 0,
    scratch: Path,
    memory_bytes: int = 2_000_000_000,
    stop: Stop | None = None,
) -> FitReport | None:
    """Fit to the training files, choose the strength of L2 on the validation files, fit again to both together.

    None when asked to stop. What validation is to measure are the answers `held_out` of the report, not the head's.

    train, valid: places in the data set. labels: as training.build.label_tensor makes them, of all files. scratch: a
    folder for what memory_bytes do not hold; what is written there is removed. The same threads give the same bits.
    Raises ScratchFull, a TrainingError.
    """
    began, room = time.monotonic(), scratch / "wide"

    def go_on() -> None:
        if stop is not None and stop.requested() is not None:
            raise _StoppedError

    places = np.concatenate([train, valid])
    files = Excerpts(dataset, places)
    kinds = kinds_for(effort, np.asarray(dataset.lengths)[train], targets)
    task = _Task(files, len(train), kinds, memory_bytes, room, go_on)
    own = {target.name: _bounded(labels[target.name].cpu()[torch.from_numpy(places)], target) for target in targets}
    try:
        report = _fitted(head, task, own, targets, effort, seed)
    except _StoppedError:
        return None
    finally:
        shutil.rmtree(room, ignore_errors=True)
    report.seconds = time.monotonic() - began
    return report


def _bounded(labels: Tensor, target: TargetSpec) -> Tensor:
    """Numbers within MOST_DEVIATIONS, NaN where they are missing; classes as they are."""
    return labels if target.classes is not None else labels.clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS)


def _fitted(
    head: WideHead,
    task: _Task,
    labels: Mapping[str, Tensor],
    targets: Sequence[TargetSpec],
    effort: Effort,
    seed: int,
) -> FitReport:
    """See fit_wide; labels: (N,) of the task's files. The head is changed last, when nothing can stop it any more."""
    features, why = _gathered(task, [columns_of(target.outputs) for target in targets])
    report = FitReport(why)
    lines, machines = [], []
    for target in targets:
        line = fit_line(features, labels[target.name], target, effort, task.memory_bytes, task.go_on)
        name = target.name
        machine, guesses = _machine(task, labels[name], target, min(line.losses.values()), seed)
        lines.append(line)
        machines.append(machine)
        scores = line.held_out if machine is None else guesses[:, None]
        report.held_out[name] = as_outputs(torch.from_numpy(scores.astype(np.float32)), target.outputs)
        kind = "a kernel machine on counts of n-grams" if machine else f"L2 {line.l2} on n-grams"
        report.why.append(f"{name!r}: {kind} has the least validation loss")
    _store(head, task.kinds, features, lines)
    head.set(by_kernel=np.array([machine is not None for machine in machines]))
    for kept, machine in zip(head.kernels, machines, strict=True):
        kept.load_state_dict((machine or KernelMachine()).state_dict())
    return report


def _gathered(task: _Task, columns: Sequence[int]) -> tuple[Features, list[str]]:
    """The features, and why these; read again with fewer where their weights would be too many."""
    least, why, most = min_files_of(task.train), [], _most_features(sum(columns), task.memory_bytes)
    while True:
        features = gather(
            task.files,
            task.train,
            task.kinds,
            least,
            memory_bytes=task.memory_bytes,
            beside_bytes=least_bytes(len(task.files), max(columns)),
            scratch=task.scratch,
            go_on=task.go_on,
        )
        count = features.count
        if count <= most:
            break
        least = _fewest_files(features, most)
        del features  # the next must find its memory
        why.append(f"{count:,} n-grams are more than {most:,}: they must stand in {least} training files")
    orders = ", ".join(map(str, task.kinds.orders))
    why.append(f"{count:,} n-grams of {orders} bytes stand in at least {least} training files, but not in all")
    return features, why


def _most_features(columns: int, memory_bytes: int) -> int:
    """How many a checkpoint may hold, and a quarter of the memory when they are stored."""
    return min(WEIGHTS // columns, memory_bytes // 4 // (FEATURE_BYTES + WEIGHT_BYTES * columns))


def _fewest_files(features: Features, most: int) -> int:
    """In how many training files at least a feature must stand, so that at most `most` are left."""
    by_seen = np.zeros(features.train + 1, np.int64)
    for block in features.blocks:
        by_seen += np.bincount(block.seen, minlength=len(by_seen))
    at_least = np.cumsum(by_seen[::-1])[::-1]
    return int(np.argmax(np.append(at_least, 0) <= most))


def _machine(
    task: _Task, labels: Tensor, target: TargetSpec, to_beat: float, seed: int
) -> tuple[KernelMachine | None, Float64]:
    """A kernel machine of all files, where the target is a number, they are few and small, and it validates better.

    And (V,) what one of the training files alone says of the validation files.
    """
    known = np.flatnonzero(~labels.isnan().numpy()) if target.classes is None else np.empty(0, np.int64)
    train, valid = known[known < task.train], known[known >= task.train]
    numbers, none = labels.numpy().astype(np.float64), np.empty(0)
    if len(train) < FEWEST_FILES or not small_enough(task.files.lengths()[known]):
        return None, none

    def fitted(places: Int64) -> KernelMachine:
        machine = KernelMachine()
        fit_kernel(machine, [task.files[place] for place in places.tolist()], numbers[places], seed, task.go_on)
        return machine

    machine = fitted(train)
    guesses = np.empty(len(task.files) - task.train)
    for at, file in enumerate(task.files[task.train :]):
        task.go_on()
        guesses[at] = machine.values([file])[0]
    if not len(valid):
        return machine, guesses
    if float(np.mean((guesses[valid - task.train] - numbers[valid]) ** 2)) > to_beat:
        return None, none
    return fitted(known), guesses


def _store(head: WideHead, kinds: GramKinds, features: Features, lines: Sequence[Line]) -> None:
    """Write features and weights into the head, by hash; of two with one hash the first stays."""
    hashes = np.concatenate([np.empty(0, np.uint64), *(block.hashes for block in features.blocks)])
    columns = [np.concatenate([np.empty((0, len(line.bias)), np.float32), *line.weights]) for line in lines]
    kept, order = np.unique(hashes, return_index=True)
    head.set(
        hashes=kept,
        weights=np.concatenate(columns, axis=1)[order],
        bias=np.concatenate([line.bias for line in lines]),
        kinds=np.array(kinds.to_numbers()),
    )
