"""Labels as a table: the text of every cell, and each target read from it as classes or as numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from models.packed.kinds import KindOfColumn, is_finite, number
from models.packed.problems import LabelError, Problem, some
from models.packed.summary import MOST_CLASSES, TargetSummary, TargetType
from models.packed.texts import Int64, Texts
from models.packed.writings import MENDS, nearly_a_number

Float64 = npt.NDArray[np.float64]
_NAMED = 1000


@dataclass(frozen=True, eq=False)
class Target:
    """One target, read. Categorical: `codes` (n,) int64 into `classes`, -1 = missing, `numbers` None.
    Continuous: `numbers` (n,) float64, nan = missing, `codes` and `classes` None.

    Classes are sorted as text by code point, as scikit-learn's LabelEncoder sorts them.
    """

    name: str
    type: TargetType
    classes: list[str] | None
    codes: Int64 | None = None
    numbers: Float64 | None = None

    @cached_property
    def values(self) -> list[str | None] | Float64:
        """The class of each file (None = missing) or its number (nan = missing)."""
        if self.codes is not None and self.classes is not None:
            names: list[str | None] = [*self.classes, None]  # -1 is the last
            return [names[code] for code in self.codes.tolist()]
        assert self.numbers is not None
        return self.numbers

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """(n,) where the label is missing."""
        if self.codes is not None:
            return self.codes < 0
        assert self.numbers is not None
        return np.isnan(self.numbers)

    def summary(self) -> TargetSummary:
        """Counts by class, or the numbers' range, mean and population standard deviation."""
        missing = int(self.missing.sum())
        labelled = len(self.missing) - missing
        if self.codes is not None and self.classes is not None:
            counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.classes)).tolist()
            classes = dict(zip(self.classes, counts, strict=True)) if len(counts) <= MOST_CLASSES else None
            return TargetSummary(
                type=self.type, labelled=labelled, missing=missing, distinct=len(counts), classes=classes
            )
        assert self.numbers is not None
        known = self.numbers[~self.missing]
        stats = {n: float(getattr(known, n)()) for n in ("min", "max", "mean", "std")} if labelled else {}
        return TargetSummary(
            type=self.type, labelled=labelled, missing=missing, distinct=len(np.unique(known)), classes=None, **stats
        )


@dataclass(frozen=True, slots=True)
class Column:
    """One target as it was written: a cell per file (blank = missing), and the type it is read as.

    `nan_is_missing`: `nan` and `inf` are missing numbers (and were said as a problem), else they are names of classes.
    """

    text: Texts
    type: TargetType
    nan_is_missing: bool


@dataclass(frozen=True)
class LabelTable:
    """A row per file, a column per target. The text of every cell is kept, so a run may read it as another type."""

    ids: Texts
    columns: dict[str, Column]
    _read: dict[str, Target] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        ids: Iterable[str],
        values: Mapping[str, Sequence[Any]],
        declared: Mapping[str, TargetType] | None = None,
    ) -> "LabelTable":
        """A table from plain values (str or numbers; None and nan = missing), types told by the rule for a CSV."""
        columns = {}
        for name, cells in values.items():
            kind = KindOfColumn((declared or {}).get(name))
            text = Texts.of("" if cell is None or cell != cell else str(cell) for cell in cells)
            for row, cell in enumerate(text):
                kind.see(cell, row)
            columns[name] = Column(text, kind.type, kind.nan_is_missing)
        table = cls(Texts.of(ids), columns)
        short = [name for name, column in columns.items() if len(column.text) != len(table.ids)]
        if short:
            raise LabelError(f"target {some(short)} has another number of values than there are ids ({len(table.ids)})")
        return table

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def targets(self) -> dict[str, Target]:
        """Every target, read as its stored type."""
        return {name: self.target(name) for name in self.columns}

    def target(self, name: str) -> Target:
        """One target, read as its stored type; read once. Raises LabelError for a name that is not in the labels."""
        if name not in self._read:
            column = self._column(name)
            if column.type == "categorical":
                self._read[name] = _classes(name, column, nan_is_missing=column.nan_is_missing)
            else:
                self._read[name] = self._numbers(name, column, nan_is_missing=True)
        return self._read[name]

    def as_type(self, name: str, type: TargetType) -> Target:
        """One target read as the type that a run declares, whatever it was stored as.

        Raises LabelError for an unknown name, and for `continuous` when cells are not finite numbers, naming their ids.
        """
        column = self._column(name)
        if type == column.type:
            return self.target(name)
        if type == "categorical":
            return _classes(name, column, nan_is_missing=False)
        return self._numbers(name, column, nan_is_missing=column.nan_is_missing)

    def take(self, rows: npt.ArrayLike) -> "LabelTable":
        """The table of these rows, in that order."""
        columns = {name: Column(c.text.take(rows), c.type, c.nan_is_missing) for name, c in self.columns.items()}
        return LabelTable(self.ids.take(rows), columns)

    def _column(self, name: str) -> Column:
        if name not in self.columns:
            raise LabelError(f"there is no target {name!r} in the labels; there are {some(self.columns, 20)}")
        return self.columns[name]

    def _numbers(self, name: str, column: Column, *, nan_is_missing: bool) -> Target:
        """Cells as float64. Blank cells are nan; so are nan and inf when they may be missing values."""
        values = np.full(len(column.text), np.nan)
        faults: list[Problem] = []
        for row, raw in enumerate(column.text.each_raw()):
            if not raw or not (text := str(raw, "utf-8")).strip():
                continue
            value = number(text)
            if value is not None and is_finite(value):
                values[row] = value
            elif (value is None or not nan_is_missing) and len(faults) < _NAMED:
                file_id = self.ids[row]
                faults.append(Problem("not_a_number", file_id, None, not_a_number(name, text, f"of {file_id!r}")))
        if faults:
            raise LabelError(faults)
        values.flags.writeable = False
        return Target(name, "continuous", None, numbers=values)


def not_a_number(target: str, text: str, where: str) -> str:
    """Why a cell cannot be read as continuous, and the mend."""
    mend = MENDS.get(nearly_a_number(text) or "", "write a number")
    return (
        f"target {target!r} cannot be continuous: the cell {where} is {text[:80]!r}, which is no finite number; "
        f"{mend}, leave the cell empty (missing), or declare {target!r} categorical"
    )


def _classes(name: str, column: Column, *, nan_is_missing: bool) -> Target:
    """Cells as codes into the sorted distinct texts; blank cells are -1."""
    distinct = set(column.text.each_raw())
    codes = {raw: -1 for raw in distinct if not raw.strip() and not str(raw, "utf-8").strip()}
    if nan_is_missing:
        values = {raw: number(str(raw, "utf-8")) for raw in distinct}
        codes |= {raw: -1 for raw, value in values.items() if value is not None and not is_finite(value)}
    names = sorted(distinct - codes.keys())
    codes |= {raw: code for code, raw in enumerate(names)}
    of_files = np.fromiter((codes[raw] for raw in column.text.each_raw()), np.int64, len(column.text))
    of_files.flags.writeable = False
    return Target(name, "categorical", [str(raw, "utf-8") for raw in names], codes=of_files)
