"""Files labelled by a table: each file finds its row, and what has no partner is said."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from models.packed.entries import Entry
from models.packed.labels import LabelTable
from models.packed.labels_csv import LabelRows
from models.packed.names import stem
from models.packed.near_miss import near_miss
from models.packed.problems import LISTED, ArchiveError, LabelError, ProblemLog, no_files, some, sparse_file
from models.packed.writer import PackWriter

_UNLABELLED = "file_without_label"
_NONE, _EMPTY = -1, -2
"""In place of the number of a row's file: it has none yet, or one that is empty."""


@dataclass
class TableWalk:
    """Takes one file after another: finds its row, packs it."""

    rows: LabelRows
    writer: PackWriter
    packed_rows: "array[int]" = field(default_factory=lambda: array("q"))

    def __post_init__(self) -> None:
        self.problems: ProblemLog = self.rows.problems
        self._file_of_row = np.full(len(self.rows.table), _NONE, np.int64)
        self._empty: dict[int, str] = {}
        self._unlabelled: list[str] = []

    def take(self, entry: Entry) -> None:
        """Pack one file, or say why not. Raises LabelError when its row has a file already."""
        row = self.rows.index.row_of_file(entry.path)
        if row is None:
            self._say_unlabelled(entry.path)
            return
        file_id = self.rows.table.ids[row]
        self._refuse_second(row, file_id, entry.path)
        chunks = filter(None, entry.chunks)
        first = next(chunks, None)
        if first is None:
            self._file_of_row[row] = _EMPTY
            if len(self._empty) < LISTED:
                self._empty[row] = entry.path
            detail = f"the file {entry.path!r} is empty: there is nothing to learn from, it is left out"
            self.problems.add("empty_file", detail, file_id=file_id, row=int(self.rows.rows[row]))
            return
        if entry.holes:
            detail = sparse_file(entry.path, entry.holes)
            self.problems.add("sparse_file", detail, file_id=file_id, row=int(self.rows.rows[row]))
        self._file_of_row[row] = len(self.writer)
        self.packed_rows.append(row)
        self.writer.add(file_id, entry.path, chain((first,), chunks))

    def end(self, ignored: Sequence[str]) -> LabelTable:
        """Say which labels have no file; the labels of the packed files, in their order.

        Raises ArchiveError or LabelError when nothing could be packed. Nothing can be taken any more.
        """
        if not len(self.writer):
            self._refuse_nothing(ignored)
        self._say_fileless()
        table = self.rows.table.take(np.frombuffer(self.packed_rows, np.int64))
        del self.rows, self._file_of_row  # large for a million files
        return table

    def _say_fileless(self) -> None:
        """Which labels have no file, and what may stand between them and the files without a label."""
        listed: list[str] = []
        for row in np.flatnonzero(self._file_of_row == _NONE).tolist():
            file_id, number = self.rows.table.ids[row], int(self.rows.rows[row])
            detail = f"row {number} of the labels names {file_id!r}, but there is no such file"
            if self.problems.keeps("label_without_file"):
                listed.append(file_id)
            self.problems.add("label_without_file", detail, file_id=file_id, row=number)
        if hint := near_miss(listed, self._unlabelled):
            self.problems.add("nearly_named", f"some labels nearly name files: {hint}")

    def _say_unlabelled(self, path: str) -> None:
        if self.problems.keeps(_UNLABELLED):
            self._unlabelled.append(path)
        file_id = stem(path.rpartition("/")[2])
        detail = f"the file {path!r} has no row in the labels (ID {file_id!r}): it is left out"
        self.problems.add(_UNLABELLED, detail, file_id=file_id)

    def _refuse_second(self, row: int, file_id: str, path: str) -> None:
        at = int(self._file_of_row[row])
        if at == _NONE:
            return
        before = self._empty.get(row, "an empty one") if at == _EMPTY else self.writer.name_of(at)
        where = f"row {self.rows.rows[row]} of the labels (ID {file_id!r})"
        if before == path:
            raise LabelError(f"the file {path!r} comes twice, both for {where}; keep one of them")
        raise LabelError(
            f"two files, {before!r} and {path!r}, belong to {where}; use full names or relative paths "
            f"({path!r}) as IDs, or keep one of them"
        )

    def _refuse_nothing(self, ignored: Sequence[str]) -> None:
        if self._unlabelled:
            ids, names = some(self.rows.table.ids, 3), some(self._unlabelled, 3, self.problems.counts[_UNLABELLED])
            hint = near_miss(self.rows.table.ids[:LISTED], self._unlabelled)
            mend = hint or "an ID is a file's name, with or without its extension"
            raise LabelError(f"no file has a label: the IDs are {ids}, the files {names}; {mend}")
        if self._empty:
            raise ArchiveError(
                f"all files with labels are empty: {some(self._empty.values(), 3, self.problems.counts['empty_file'])}"
            )
        raise no_files(ignored)
