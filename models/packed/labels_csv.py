"""Reads labels from a CSV: a column `ID`, a column per target, every cell kept as the text it is."""

import codecs
import csv
import io
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.packed.kinds import LARGEST, KindOfColumn
from models.packed.labels import Column, LabelTable, not_a_number
from models.packed.labels_header import LabelsHeader, read_header
from models.packed.matching import IdIndex
from models.packed.odd_columns import say_odd
from models.packed.problems import LISTED, LabelError, Problem, ProblemLog, some
from models.packed.texts import GrowingTexts, Int64, Texts

_NO_TABLES = {
    b"PK\3\4": "a spreadsheet (.xlsx, .ods) or a zip archive",
    b"\xd0\xcf\x11\xe0": "a spreadsheet (.xls)",
    b"\x1f\x8b": "compressed (gzip)",
    b"PAR1": "a Parquet file",
}
"""What files begin with that are sent for tables."""
_WIDTH = "check its separators and quotes: a cell that holds a separator (1,5) stands in quotes"


@dataclass(frozen=True, slots=True)
class LabelRows:
    """What a labels file says: a table with distinct IDs, the row of each in the file, and what was odd."""

    table: LabelTable
    rows: Int64
    index: IdIndex
    problems: ProblemLog


def read_labels(
    path: Path,
    *,
    declared: Mapping[str, str] | None = None,
    id_column: str | None = None,
    problems: ProblemLog | None = None,
) -> LabelRows:
    """Read a CSV (comma, semicolon or tab; UTF-8, or UTF-16 with its mark; quoted cells may hold line ends).

    IDs and classes stay text (`007`, `NA`); a blank cell is a missing label. id_column: the name of the column with
    the IDs, else it is called `ID` in any case. Row numbers count the header as 1.
    Raises LabelError with every fault found: no ID column, rows of another width, contradicting rows, cells of a
    target declared continuous that are no numbers, declared targets that are not there...
    """
    with path.open("rb") as file:
        begin = file.read(4)
        if found := next((what for mark, what in _NO_TABLES.items() if begin.startswith(mark)), None):
            raise LabelError(f"the labels are {found}, and no text; save the table as CSV in UTF-8")
        encoding = "utf-16" if begin[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
        file.seek(0)
        text = io.TextIOWrapper(file, encoding=encoding, newline="")
        try:
            header = read_header(text, declared or {}, id_column)
        except UnicodeDecodeError as error:
            raise _no_text(error, 1) from error
        text.seek(0)
        ids, cells, rows, kinds = _body(_records(text, header.separator), header)
    return _distinct(ids, cells, rows, kinds, problems or ProblemLog())


def _records(text: io.TextIOWrapper, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Row number and cells of each record; blank ones are left out. Raises LabelError where it is no CSV."""
    reader, row = csv.reader(text, delimiter=separator, strict=True), 0
    try:
        for row, cells in enumerate(reader, 1):
            if any(cell and not cell.isspace() for cell in cells):
                yield row, cells
    except csv.Error as error:
        why = (
            str(error).replace("\t", "tab").replace("field larger than field limit", "a cell is longer than the limit")
        )
        raise LabelError(f"row {row + 1} of the labels is no CSV ({why}); check its quotes") from error
    except UnicodeDecodeError as error:
        raise _no_text(error, row + 1) from error


def _no_text(error: UnicodeDecodeError, row: int) -> LabelError:
    byte = error.object[error.start]
    return LabelError(
        f"the labels are not UTF-8 (byte 0x{byte:02x}, in row {row} or after it); save the table as UTF-8"
    )


def _body(
    records: Iterator[tuple[int, list[str]]], header: LabelsHeader
) -> tuple[Texts, dict[str, Texts], Int64, dict[str, KindOfColumn]]:
    """IDs, cells by target, row numbers, and what each column looks like. Raises LabelError."""
    ids, rows, faults = GrowingTexts(), array("q"), []
    names, id_at = header.names, header.id_at
    targets = [(at, GrowingTexts(), KindOfColumn(header.targets[name])) for at, name in enumerate(names) if at != id_at]
    next(records)  # the header
    for row, cells in records:
        if len(cells) != len(names):
            fault = f"row {row} of the labels has {len(cells)} cells, the header has {len(names)}; {_WIDTH}"
        elif any("\0" in cell for cell in cells):
            fault = f"row {row} of the labels has a NUL character in it; save the table as text (UTF-8)"
        elif not cells[id_at].strip():
            fault = f"row {row} of the labels has no ID; write the name of its file there, or remove the row"
        else:
            for at, column, kind in targets:
                column.append(cells[at])
                kind.see(cells[at], len(ids))
            ids.append(cells[id_at])
            rows.append(row)
            continue
        faults.append(Problem("row", None, row, fault))
        if len(faults) == LISTED:
            break
    if faults:
        raise LabelError(faults)
    if not len(ids):
        raise LabelError("the labels have a header but no rows; add a row for each file")
    texts = {names[at]: column.freeze() for at, column, _ in targets}
    kinds = {names[at]: kind for at, _, kind in targets}
    return ids.freeze(), texts, np.frombuffer(rows, np.int64), kinds


def _distinct(
    ids: Texts, cells: dict[str, Texts], rows: Int64, kinds: dict[str, KindOfColumn], problems: ProblemLog
) -> LabelRows:
    """The table without repeated rows, and all that is odd about it. Raises LabelError."""
    faults = []
    for name, kind in kinds.items():
        if kind.declared == "continuous":
            for at in kind.not_numbers:
                detail = not_a_number(name, cells[name][at], f"of {ids[at]!r} in row {rows[at]}")
                faults.append(Problem("not_a_number", ids[at], int(rows[at]), detail, name))
        if kind.nan_is_missing:
            _say_not_finite(problems, name, kind, ids, cells[name], rows)
        say_odd(problems, kind, name, cells[name], ids, rows)
    index = IdIndex(ids)
    contradictions, repeated = _repeats(index, ids, cells, rows, problems)
    faults += contradictions
    if faults:
        raise LabelError(faults[:LISTED])
    columns = {name: Column(cells[name], kind.type, kind.nan_is_missing) for name, kind in kinds.items()}
    table = LabelTable(ids, columns)
    if repeated:
        kept = np.delete(np.arange(len(ids)), repeated)
        table, rows = table.take(kept), rows[kept]
        index = IdIndex(table.ids)
    return LabelRows(table, rows, index, problems)


def _repeats(
    index: IdIndex, ids: Texts, cells: dict[str, Texts], rows: Int64, problems: ProblemLog
) -> tuple[list[Problem], list[int]]:
    """What is to be said of IDs that stand in rows that contradict each other, and the rows that only repeat others."""
    faults, contradicting, repeated = [], set(), []
    for first, *others in sorted(index.twins()):
        for at in others:
            differing = [name for name, texts in cells.items() if texts[at] != texts[first]]
            where = f"rows {rows[first]} and {rows[at]} of the labels both have the ID {ids[at]!r}"
            if differing:
                detail = f"{where} and contradict each other in {some(differing)}; keep one of them"
                faults.append(Problem("contradiction", ids[at], int(rows[at]), detail))
                contradicting.add(first)
            else:
                problems.add(
                    "duplicate_row", f"{where}, with equal labels; one is used", file_id=ids[at], row=int(rows[at])
                )
                repeated.append(at)
    if len(contradicting) > 1:
        detail = (
            f"{len(contradicting)} IDs stand in several rows that contradict each other; a file has one row: keep one "
            "for each ID, and give what was measured more than once a column of its own"
        )
        faults.insert(0, Problem("contradiction", None, None, detail))
    return faults, repeated


def _say_not_finite(problems: ProblemLog, name: str, kind: KindOfColumn, ids: Texts, cells: Texts, rows: Int64) -> None:
    """A problem for each nan or inf in a column of numbers."""
    for at in kind.not_finite:
        detail = (
            f"target {name!r} is {cells[at].strip()!r} in row {rows[at]}, no number up to {LARGEST:g}: taken as "
            f"missing; leave the cell empty, or declare {name!r} categorical if this is a name"
        )
        problems.add("not_finite", detail, file_id=ids[at], row=int(rows[at]), column=name)
