"""Columns laid out for the eye, not for a program: merged cells, and several classes in one cell."""

import re

import numpy as np

from models.packed.filled_cells import FilledCells
from models.packed.problems import ProblemLog, counted
from models.packed.texts import Int64, Texts

_FEW_ROWS = 10
"""In a table of so few rows, gaps are no pattern."""
_EMPTY_PER_FILLED = 2
"""Merged cells leave at least so many empty cells for each that is filled."""
_JOINED_CELLS = 3
"""One or two joined cells may be names."""
_JOINTS = re.compile("[|;,]")


def say_merged(problems: ProblemLog, name: str, cells: Texts, ids: Texts, rows: Int64) -> bool:
    """Whether every filled cell stands above a block of empty ones, the first in the first row; it is said then."""
    if len(cells) <= _FEW_ROWS or not cells.raw(0).strip() or cells.raw(1).strip():
        return False  # nearly every table: nothing more need be read
    filled = np.flatnonzero(np.fromiter((not raw.isspace() and raw != b"" for raw in cells.each_raw()), bool))
    empty = len(cells) - len(filled)
    if len(filled) < 2 or empty < _EMPTY_PER_FILLED * len(filled) or (np.diff(filled) == 1).any():
        return False
    detail = (
        f"target {name!r}: {empty} of {len(cells)} cells are empty and each filled one begins a block: merged cells? "
        "fill them down, so that every row has its label; as it is, the files of empty cells have none"
    )
    problems.add("merged_cells", detail, file_id=ids[0], row=int(rows[0]), column=name)
    return True


def say_joined(problems: ProblemLog, column: FilledCells) -> bool:
    """Whether some cells hold several classes that stand alone in others (`3|4` beside `3` and `4`); it is said."""
    joined = []
    for text in column.counts:
        parts = [part.strip() for part in _JOINTS.split(text)]
        if len(parts) > 1 and all(part in column.counts for part in parts):
            joined.append(text)
    if column.cells(joined) < _JOINED_CELLS:
        return False
    detail = (
        f"target {column.name!r}: {counted(column.cells(joined), 'cell')} join other classes "
        f"({column.where(joined, 3)}) and each text is a class of its own; a file has one class for each target: make "
        f"a column for each, or declare {column.name!r} categorical if these are names"
    )
    column.say(problems, "several_classes", joined[0], detail)
    return True
