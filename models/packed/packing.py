"""Labels and files in, a pack out: the walk over an archive that finds each file's row and writes both down."""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np

from models.packed.archives import read_archive, read_files, read_folder
from models.packed.dataset import PackedDataset
from models.packed.entries import Entry
from models.packed.labels import LabelTable
from models.packed.labels_csv import LabelRows, read_labels
from models.packed.limits import Limits, Meter
from models.packed.names import is_junk, stem
from models.packed.problems import LISTED, ArchiveError, LabelError, Problem, ProblemLog, some
from models.packed.writer import PackWriter


@dataclass(frozen=True, slots=True)
class Packed:
    """A new pack, and what a user should know of how it came about.

    `ignored` and `problems` list at most 1,000 (of a kind); `ignored_count` and `problem_counts` count all.
    """

    dataset: PackedDataset
    ignored: list[str]
    ignored_count: int
    problems: list[Problem]
    problem_counts: dict[str, int]


def pack(
    folder: Path,
    *,
    labels: Path,
    archive: Path | None = None,
    files: Path | Iterable[tuple[str, Path]] | None = None,
    declared: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Packed:
    """Write the pack `folder` from a labels CSV and either an archive (see archives.py), a folder tree, or
    single files as (name, path).

    Only files with a label row are packed; empty files, files without a row and rows without a file are problems.
    Memory does not depend on the size of any file. Nothing stays behind when it fails.
    Raises ArchiveError, LabelError, FileExistsError, OSError.
    """
    with PackWriter(folder) as writer:
        walk = _Walk(read_labels(labels, declared=declared), writer)
        for entry in _entries(folder, archive, files, labels, limits or Limits(), walk):
            walk.take(entry)
        dataset = writer.finish(walk.end())
    problems = walk.problems
    return Packed(dataset, walk.ignored, walk.ignored_count, problems.listed, dict(problems.counts))


def _entries(
    folder: Path,
    archive: Path | None,
    files: Path | Iterable[tuple[str, Path]] | None,
    labels: Path,
    limits: Limits,
    walk: "_Walk",
) -> Iterator[Entry]:
    """The files of whichever source was given."""
    if (archive is None) == (files is None):
        raise ArchiveError("give the files either as an archive or as single files")
    if archive is not None:
        return read_archive(archive, Meter(limits, archive.stat().st_size))
    assert files is not None
    if not isinstance(files, Path):
        return read_files(files, Meter(limits))
    root = files.resolve()
    if folder.resolve().is_relative_to(root):
        raise ArchiveError(f"the pack cannot be written into {files}, the folder it is made from")
    if labels.resolve().is_relative_to(root):
        walk.not_data = labels.resolve().relative_to(root).as_posix()
    return read_folder(files, Meter(limits))


@dataclass
class _Walk:
    """Takes one file after another: ignores junk, finds its row, packs it."""

    rows: LabelRows
    writer: PackWriter
    not_data: str | None = None
    ignored: list[str] = field(default_factory=list)
    ignored_count: int = 0
    packed_rows: "array[int]" = field(default_factory=lambda: array("q"))
    problems: ProblemLog = field(default_factory=ProblemLog)

    def __post_init__(self) -> None:
        self.problems.extend(self.rows.problems)
        self._file_of_row = np.full(len(self.rows.table), -1, np.int64)
        self._empty: dict[int, str] = {}
        self._unlabelled: list[str] = []

    def take(self, entry: Entry) -> None:
        """Pack one file, or say why not. Raises LabelError when its row has a file already."""
        if is_junk(entry.path) or entry.path == self.not_data:
            self.ignored_count += 1
            if len(self.ignored) < LISTED:
                self.ignored.append(entry.path)
            return
        row = self.rows.index.row_of_file(entry.path)
        if row is None:
            self._say_unlabelled(entry.path)
            return
        file_id = self.rows.table.ids[row]
        self._refuse_second(row, file_id, entry.path)
        chunks = filter(None, entry.chunks)
        first = next(chunks, None)
        if first is None:
            self._empty[row] = entry.path
            detail = f"the file {entry.path!r} is empty: there is nothing to learn from, it is left out"
            self.problems.add("empty_file", detail, file_id=file_id, row=int(self.rows.rows[row]))
            return
        self._file_of_row[row] = len(self.writer)
        self.packed_rows.append(row)
        self.writer.add(file_id, entry.path, chain((first,), chunks))

    def end(self) -> LabelTable:
        """Say which labels have no file; the labels of the packed files, in their order.

        Raises ArchiveError or LabelError when nothing could be packed. Nothing can be taken any more.
        """
        if not len(self.writer):
            self._refuse_nothing()
        for row in np.flatnonzero(self._file_of_row < 0).tolist():
            if row in self._empty:
                continue
            if not self.problems.keeps("label_without_file"):
                self.problems.count_more("label_without_file", 1)
                continue
            file_id, number = self.rows.table.ids[row], int(self.rows.rows[row])
            detail = f"row {number} of the labels names {file_id!r}, but there is no such file"
            self.problems.add("label_without_file", detail, file_id=file_id, row=number)
        table = self.rows.table.take(np.frombuffer(self.packed_rows, np.int64))
        del self.rows, self._file_of_row  # large for a million files
        return table

    def _say_unlabelled(self, path: str) -> None:
        kind = "file_without_label"
        if self.problems.keeps(kind):
            file_id = stem(path.rpartition("/")[2])
            self._unlabelled.append(path)
            detail = f"the file {path!r} has no row in the labels (ID {file_id!r}): it is left out"
            self.problems.add(kind, detail, file_id=file_id)
        else:
            self.problems.count_more(kind, 1)

    def _refuse_second(self, row: int, file_id: str, path: str) -> None:
        at = int(self._file_of_row[row])
        before = self._empty.get(row) if at < 0 else self.writer.name_of(at)
        if before is None:
            return
        where = f"row {self.rows.rows[row]} of the labels (ID {file_id!r})"
        if before == path:
            raise LabelError(f"the file {path!r} comes twice, both for {where}; keep one of them")
        raise LabelError(
            f"two files, {before!r} and {path!r}, belong to {where}; use full names or relative paths "
            f"({path!r}) as IDs, or keep one of them"
        )

    def _refuse_nothing(self) -> None:
        if self._unlabelled:
            ids, names = some(self.rows.table.ids, 3), some(self._unlabelled, 3)
            raise LabelError(
                f"no file has a label: the IDs are {ids}, the files {names}; "
                "an ID is a file's name, with or without its extension"
            )
        if self._empty:
            raise ArchiveError(f"all files with labels are empty: {some(self._empty.values(), 3)}")
        junk = f" but what is always ignored ({some(self.ignored, 3)})" if self.ignored else ""
        raise ArchiveError(f"there are no files in it{junk}; put the files there that the labels name")
