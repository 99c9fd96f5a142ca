"""The first row of a labels file: its separator, which column is the ID, the targets and their declared types."""

import csv
import difflib
import io
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import cast, get_args

from models.packed.problems import LabelError, Problem, some
from models.packed.summary import TargetType

ID = "ID"
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class LabelsHeader:
    """`names` of all columns in order, `id_at` where the IDs are, `targets` the others with their declared type."""

    separator: str
    names: list[str]
    id_at: int
    targets: dict[str, TargetType | None]


def read_header(text: io.TextIOWrapper, declared: Mapping[str, str], id_column: str | None = None) -> LabelsHeader:
    """Read the first row that is not blank. Raises LabelError with all that is wrong with it."""
    wanted = (id_column or ID).strip()
    separator, names = _first_row(text, wanted)
    id_at = _id_column(names, wanted)
    targets = [name for at, name in enumerate(names) if at != id_at]
    faults = [
        f"two columns of the labels are called {name!r}; rename or remove one of them"
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    faults += [
        f"column {at} of the labels has no name; name it or remove it (pandas: to_csv(..., index=False))"
        for at, name in enumerate(names, 1)
        if not name
    ]
    faults += [
        f"column {at} of the labels has a control character in its name ({name!r}); rename it"
        for at, name in enumerate(names, 1)
        if not name.isprintable()
    ]
    if not targets:
        faults.append("the labels have no target: there must be a column beside the ID")
    for name, kind in declared.items():
        if name not in targets:
            near = difflib.get_close_matches(name, targets, 1)
            mend = f"did you mean {near[0]!r}?" if near else f"there are {some(targets, 20)}"
            faults.append(f"the declared target {name!r} is not in the labels; {mend}")
        if kind not in get_args(TargetType):
            faults.append(f"target {name!r} is declared {kind!r}; a target is categorical or continuous")
    if faults:
        raise LabelError([Problem("header", None, 1, fault) for fault in faults])
    return LabelsHeader(separator, names, id_at, {n: cast(TargetType | None, declared.get(n)) for n in targets})


def _first_row(text: io.TextIOWrapper, wanted: str) -> tuple[str, list[str]]:
    """The separator under which the first row has an ID column, and its names. Raises LabelError."""
    headers: list[list[str]] = []
    for separator in _SEPARATORS:
        text.seek(0)
        with suppress(csv.Error):  # quotes that fit another separator
            records = csv.reader(text, delimiter=separator, strict=True)
            names = next(([name.strip() for name in record] for record in records if any(map(str.strip, record))), [])
            if wanted.casefold() in map(str.casefold, names):
                return separator, names
            headers.append(names)
    widest = max(headers, key=len, default=[])
    if not any(widest):
        raise LabelError(f"the labels file has no header; its first row must be {wanted} and then the targets")
    shown = some([name[:80] for name in widest[:10]], 10, len(widest))
    raise LabelError(f"the labels have no column {wanted!r}, only {shown}; {_mend_of_header(widest)}")


def _mend_of_header(names: list[str]) -> str:
    """What to do about a first row without an ID column, by what it looks like."""
    first = names[0]
    if any("\0" in name for name in names):
        return "this looks like UTF-16 or UTF-32 without its mark: save the table as UTF-8"
    if first.startswith("sep="):
        return "remove this row, so that the names of the columns come first"
    if first.startswith(("{", "[", "<")):
        return "this looks like JSON, XML or HTML: save the table as CSV"
    if len(names) == 1 and any(sign in first for sign in "|:^"):
        return "separate the cells by commas, semicolons or tabs"
    return f"name the column of the IDs {ID!r}, or say its name as id_column"


def _id_column(names: list[str], wanted: str) -> int:
    """Where the IDs are: `wanted` as it stands, else in any case. Raises LabelError when several could be meant."""
    if wanted in names:
        return names.index(wanted)
    found = [at for at, name in enumerate(names) if name.casefold() == wanted.casefold()]
    if len(found) > 1:
        meant = some(names[at] for at in found)
        raise LabelError(f"the columns {meant} could all be the IDs; call one of them {wanted!r}")
    return found[0]
