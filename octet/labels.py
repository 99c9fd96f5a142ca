"""Labels as people hold them in Python, written as the CSV that the service reads."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from octet.uploads import Content, Held, OnDisk, readable

ID = "ID"
"""What the column of IDs is called, unless it is said otherwise."""

MISSING = {"None", "nan", "NaT", "<NA>"}
"""How Python, numpy and pandas write that there is no value."""

Labels: TypeAlias = str | Path | Mapping[Any, Any] | Iterable[Any]
"""A path of a CSV; {ID: label}, {ID: {target: label}}; pairs (ID, label); rows {"ID": ..., target: ...}; a table of
pandas, polars or pyarrow with a column of IDs, or a series of pandas whose index they are."""


def csv_of(labels: Labels, target: str | None, id_column: str | None) -> Content:
    """The labels as the bytes of a CSV. Raises ValueError where they do not say what belongs to which file."""
    if isinstance(labels, str | Path):
        return OnDisk(Path(labels))
    rows = list(_rows(labels, target, id_column or ID))
    columns = list(dict.fromkeys(str(name) for row in rows for name in row))
    if not columns:
        raise ValueError("there are no labels: not one row")
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({str(name): _cell(value) for name, value in row.items()} for row in rows)
    return Held(text.getvalue().encode())


def _rows(labels: Any, target: str | None, id_column: str) -> Iterator[Mapping[Any, Any]]:
    for one in _records(labels):
        if isinstance(one, Mapping):
            yield one
            continue
        if isinstance(one, str) or len(one) != 2:
            raise ValueError(f"labels are pairs of an ID and a label, or rows by column; this is neither: {one!r}")
        file, label = one
        if isinstance(label, Mapping):
            yield {id_column: file, **label}
        elif target is None:
            raise ValueError('the labels have no name: give target="...", which the run will be asked to learn')
        else:
            yield {id_column: file, target: label}


def _records(labels: Any) -> Iterable[Any]:
    """Rows or pairs. Tables are known by what they offer, so that none of their libraries need be there."""
    found: Iterable[Any] = labels
    if hasattr(labels, "to_pylist"):  # pyarrow
        found = labels.to_pylist()
    elif hasattr(labels, "to_dicts"):  # polars
        found = labels.to_dicts()
    elif hasattr(labels, "columns"):  # pandas
        found = labels.to_dict("records")
    elif hasattr(labels, "items"):
        found = labels.items()
    return found


def _cell(value: object) -> str:
    """A cell; empty where a label is missing. Text is text, whatever it says."""
    if isinstance(value, str | Path):
        return readable(str(value))
    return "" if str(value) in MISSING else str(value)
