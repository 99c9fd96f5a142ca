"""Files without labels, as predictions are made of: every file is packed, its relative path is its ID."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from models.packed.entries import Entry
from models.packed.labels import LabelTable
from models.packed.problems import ArchiveError, ProblemLog, no_files, some
from models.packed.writer import PackWriter


@dataclass
class PathWalk:
    """Takes one file after another and packs it."""

    writer: PackWriter
    problems: ProblemLog = field(default_factory=ProblemLog)

    def __post_init__(self) -> None:
        self._empty: list[str] = []

    def take(self, entry: Entry) -> None:
        """Pack one file, or say why not."""
        chunks = filter(None, entry.chunks)
        first = next(chunks, None)
        if first is None:
            self._empty.append(entry.path)
            detail = f"the file {entry.path!r} is empty: there is nothing to predict from, it is left out"
            self.problems.add("empty_file", detail, file_id=entry.path)
            return
        self.writer.add(entry.path, entry.path, chain((first,), chunks))

    def end(self, ignored: Sequence[str]) -> LabelTable:
        """A table of no target. Raises ArchiveError when nothing could be packed."""
        if not len(self.writer):
            raise ArchiveError(f"all files are empty: {some(self._empty, 3)}") if self._empty else no_files(ignored)
        return LabelTable.of((self.writer.name_of(at) for at in range(len(self.writer))), {})
