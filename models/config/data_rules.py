"""Rules that need the data: is a target there, can it be read as asked, do enough files remain on each side."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from models.config.faults import Fault
from models.config.octet import OctetConfig
from models.config.rules import MANUAL, OCTET
from models.config.run import RunConfig
from models.config.targets import TargetType
from models.config.words import nearest, shown
from models.packed.kinds import is_finite, number
from models.packed.summary import DatasetSummary, TargetSummary

UNLABELLED = (
    "the data set has no labels, so there is nothing to learn: it serves predictions alone; upload it under another "
    "name with labels=@labels.csv or folder_labels=TARGET."
)


class Asked(NamedTuple):
    """A target that a body names: how it shall be read (None: as the data set says), and where it stands."""

    name: str
    type: TargetType | None
    pointer: str


def target_faults(asked: Sequence[Asked], summary: DatasetSummary, *, binary: bool = False) -> Iterator[Fault]:
    """What the labels cannot give. binary: the loss takes targets of two classes only."""
    for target in asked:
        if not summary.targets:
            yield Fault(target.pointer, UNLABELLED)
            continue
        column = summary.targets.get(target.name)
        if column is None:
            near = nearest(target.name, summary.targets)
            mend = f"the nearest is {shown(near)}" if near else f"there are {_some(list(summary.targets))}"
            yield Fault(target.pointer, f"{shown(target.name)} is no column of the labels; {mend}.")
        elif detail := _unreadable(column, target.type or column.type, binary=binary):
            yield Fault(target.pointer, f"{shown(target.name)} {detail}")


def _unreadable(column: TargetSummary, kind: TargetType, *, binary: bool) -> str | None:
    if column.labelled < 2:
        return f"has {column.labelled} labels; at least 2 are needed, one to train and one to validate."
    if kind == "continuous":
        names = [name for name in column.classes or {} if not _is_finite(name)]
        mend = "take it as categorical, or write numbers (1.5) and empty cells there and upload the labels again"
        return f"is no column of numbers: it holds {_some(names)}; {mend}." if names else None
    if column.distinct < 2:
        return "has a single class; there is nothing to tell apart."
    if binary and column.distinct != 2:
        return f"has {column.distinct} classes; BCEWithLogitsLoss takes two: use CrossEntropyLoss."
    return None


def octet_faults(octet: OctetConfig, summary: DatasetSummary) -> Iterator[Fault]:
    """Views that a body names without saying how they read, where nothing in the data says it either."""
    probes = summary.probes
    if "raster" in (octet.views or ()) and octet.raster is None and (probes is None or probes.period is None):
        yield Fault(
            f"{OCTET}/raster",
            "the view `raster` folds bytes into rows, and no length of a row stands out in the data; "
            'write {"period": BYTES}, or leave `raster` out of views.',
        )
    if "fields" in (octet.views or ()) and octet.fields is None and (probes is None or probes.fields is None):
        yield Fault(
            f"{OCTET}/fields",
            "the view `fields` reads the numbers in records of one length, and the bytes show no such records; "
            'write {"length": BYTES, "numbers": [{"at": 0, "reading": "f32le", "count": 3}]}, '
            "or leave `fields` out of views.",
        )
    if "wave" in (octet.views or ()) and octet.wave is None and (probes is None or probes.wave is None):
        yield Fault(
            f"{OCTET}/wave",
            "the view `wave` reads bytes as numbers, and under no reading do those of the data follow from one "
            'another; write {"reading": "i16le"} or another, or leave `wave` out of views.',
        )


def split_faults(
    asked: Sequence[Asked], summary: DatasetSummary, valid_size: float | int, manual: Sequence[str] | None, at: str
) -> Iterator[Fault]:
    """A validation set that would leave no file on one side, as far as counts tell it."""
    files = usable_files(asked, summary)
    if manual is not None:
        if len(set(manual)) >= summary.files:
            yield Fault(
                at, f"names {len(set(manual))} files and the data set has {summary.files}; leave some to train on."
            )
        return
    held_back = validation_files(valid_size, files)
    if held_back >= files:
        yield Fault(
            at,
            f"{valid_size} would hold back {held_back} of {files} labelled files; "
            f"leave at least one to train on: a smaller share, or a count from 1 to {files - 1}.",
        )


def manual_id_faults(config: RunConfig, is_known: Callable[[str], bool]) -> list[Fault]:
    """`manual_valid_ids` that no file has. is_known: whether the data set has a file with this ID."""
    detail = unknown_ids(config.globals.basic_experiment.manual_valid_ids or (), is_known)
    return [] if detail is None else [Fault(MANUAL, f"{detail}.")]


def unknown_ids(ids: Iterable[str], is_known: Callable[[str], bool]) -> str | None:
    """Which of these IDs the data set does not have, in words; None when it has them all."""
    unknown = [one for one in dict.fromkeys(ids) if not is_known(one)]
    if not unknown:
        return None
    return f"names {len(unknown)} IDs the data set does not have: {_some(unknown)}; use those of the labels"


def usable_files(asked: Sequence[Asked], summary: DatasetSummary) -> int:
    """At most so many files carry a label of one of the targets; exact for a single target."""
    return min(summary.files, sum(summary.targets[target.name].labelled for target in asked))


def validation_files(valid_size: float | int, files: int) -> int:
    """How many files are held back: a share is rounded up, an integer is a count."""
    return math.ceil(valid_size * files) if isinstance(valid_size, float) else valid_size


def _is_finite(text: str) -> bool:
    value = number(text)
    return value is not None and is_finite(value)


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(shown, names[:10])) + (f" and {len(names) - 10} more" if len(names) > 10 else "") or "none"
