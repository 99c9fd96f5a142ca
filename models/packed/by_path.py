"""Files without labels, as predictions are made of: every file is packed, its relative path is its ID."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from models.packed.entries import Entry
from models.packed.labels import LabelTable
from models.packed.labels_header import read_header
from models.packed.problems import ArchiveError, LabelError, ProblemLog, no_files, some
from models.packed.writer import PackWriter

_TABLES = (".csv", ".tsv")
_HEADER_BYTES = 1 << 16
"""A header is looked for in so much of the begin of a table."""


@dataclass
class PathWalk:
    """Takes one file after another and packs it."""

    writer: PackWriter
    problems: ProblemLog = field(default_factory=ProblemLog)

    def __post_init__(self) -> None:
        self._empty: list[str] = []
        self._tables: list[str] = []

    def take(self, entry: Entry) -> None:
        """Pack one file, or say why not."""
        chunks = filter(None, entry.chunks)
        first = next(chunks, None)
        if first is None:
            self._empty.append(entry.path)
            detail = f"the file {entry.path!r} is empty: there is nothing to predict from, it is left out"
            self.problems.add("empty_file", detail, file_id=entry.path)
            return
        if len(self._tables) < 2 and _may_be_labels(entry.path, first):
            self._tables.append(entry.path)
        self.writer.add(entry.path, entry.path, chain((first,), chunks))

    def end(self, ignored: Sequence[str]) -> LabelTable:
        """A table of no target. Raises ArchiveError when nothing could be packed."""
        if not len(self.writer):
            raise ArchiveError(f"all files are empty: {some(self._empty, 3)}") if self._empty else no_files(ignored)
        if len(self._tables) == 1 and len(self.writer) > 1:  # several tables are the files that are to be predicted
            detail = (
                f"{self._tables[0]!r} looks like a table of labels, but is taken as a file to predict; if the labels "
                "are in it, send it as the labels, beside the files"
            )
            self.problems.add("labels_inside", detail, file_id=self._tables[0])
        return LabelTable.of((self.writer.name_of(at) for at in range(len(self.writer))), {})


def _may_be_labels(path: str, begin: bytes) -> bool:
    """Whether a file at the top, or in the one folder there, begins as a table of labels does."""
    if path.count("/") > 1 or not path.lower().endswith(_TABLES):
        return False
    header = io.TextIOWrapper(io.BytesIO(begin[:_HEADER_BYTES].split(b"\n", 1)[0]), encoding="utf-8-sig", newline="")
    try:
        read_header(header, {})
    except (LabelError, UnicodeDecodeError):
        return False
    return True
