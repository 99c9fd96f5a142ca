"""Which effort the wide branch gets: the greatest that time, memory and disk allow, or none, and why."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.config import TargetSpec
from models.packed import PackedDataset
from models.training.wide.effort import EFFORTS
from models.training.wide.forecast import Forecast, forecast
from models.training.wide.shelf import RESERVE_BYTES

Int64 = NDArray[np.int64]

UNTIMED_S = 3600.0
"""Seconds on a usual core that the wide branch may take where no budget bounds it."""


@dataclass(frozen=True)
class Means:
    """What may be spent. seconds: None where nothing is to be measured. scratch: a folder; None: not known yet."""

    seconds: float | None
    memory_bytes: int
    scratch: Path | None = None


@dataclass(frozen=True)
class Choice:
    """effort: a place in EFFORTS, None: the wide branch is not fitted. seconds: as forecast. why: for people."""

    effort: int | None
    seconds: float
    why: str


def choose_effort(
    dataset: PackedDataset, train: Int64, valid: Int64, targets: Sequence[TargetSpec], means: Means
) -> Choice:
    """The greatest effort within these means. Without seconds it follows from the data set and the disk alone."""
    sampled = means.seconds is not None
    why = ""
    for at, effort in enumerate(EFFORTS):
        found = forecast(
            dataset, train, valid, targets, sampled=sampled, effort=effort, memory_bytes=means.memory_bytes
        )
        why = _obstacle(found, means)
        if not why:
            on_disk = f", {found.scratch / 1e6:,.0f} MB of scratch files" if found.scratch else ""
            core = " on a usual core" if means.seconds is None else ""
            told = f"effort {at} of {len(EFFORTS)}: about {found.seconds:.0f} s{core}{on_disk}"
            return Choice(at, found.seconds, told)
    return Choice(None, 0.0, f"not fitted: even the least would take {why}")


def _obstacle(found: Forecast, means: Means) -> str:
    """What is more than the means; empty: nothing."""
    if found.vectors > means.memory_bytes:
        return (
            f"{found.vectors / 1e6:,.0f} MB for a score of each file and class; "
            f"wide_memory_mb is {means.memory_bytes / 1e6:,.0f}"
        )
    most_s = UNTIMED_S if means.seconds is None else means.seconds
    if found.seconds > most_s:
        return f"about {found.seconds:,.0f} s of the {most_s:,.0f} that it may"
    if found.scratch and means.scratch is not None:
        left = shutil.disk_usage(means.scratch).free - RESERVE_BYTES
        if found.scratch > left:
            return f"{found.scratch / 1e6:,.0f} MB of scratch files; the disk has {max(left, 0) / 1e6:,.0f} to spare"
    return ""
