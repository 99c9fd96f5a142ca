"""Labels and files in, a pack out: the walk over an archive, file by file."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from models.packed.archives import read_archive, read_files, read_folder
from models.packed.by_folder import FolderWalk
from models.packed.by_path import PathWalk
from models.packed.by_table import TableWalk
from models.packed.dataset import PackedDataset
from models.packed.entries import Entry
from models.packed.labels import LabelTable
from models.packed.labels_csv import read_labels
from models.packed.limits import Limits, Meter
from models.packed.names import is_junk
from models.packed.problems import LISTED, ArchiveError, LabelError, Problem, ProblemLog
from models.packed.said import Said
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
    labels: Path | None = None,
    folder_labels: str | None = None,
    archive: Path | None = None,
    files: Path | Iterable[tuple[str, Path]] | None = None,
    declared: Mapping[str, str] | None = None,
    id_column: str | None = None,
    limits: Limits | None = None,
    watch: Callable[[], None] = lambda: None,
    said: Path | None = None,
) -> Packed:
    """Write the pack `folder` from either an archive (see archives.py), a folder tree, or single files as (name, path).

    labels: a CSV with a row per file (see labels_csv.py). Only files with a row are packed; empty files, files without
    a row and rows without a file are problems. folder_labels instead: the name of the one target, whose classes are
    the names of the files' folders (see by_folder.py); every file is packed, its relative path is its ID. Neither:
    files to predict from, without a target; every file is packed in the same way (see by_path.py).
    `watch` is called again and again while bytes come; what it raises ends the packing.
    said: a folder for the whole lists of problems and ignored files (see said.py), which the answer cuts.
    Memory does not depend on the size of any file, nor on the number of problems. No pack stays behind when it fails.
    Raises ArchiveError, LabelError, FileExistsError, OSError.
    """
    with PackWriter(folder) as writer, ExitStack() as kept:
        whole = None if said is None else kept.enter_context(Said(said))
        log = ProblemLog() if whole is None else ProblemLog(whole.problem)
        walk: _Walk
        if labels is not None and folder_labels is None:
            walk = TableWalk(read_labels(labels, declared=declared, id_column=id_column, problems=log), writer)
        elif labels is None:
            walk = PathWalk(writer, log) if folder_labels is None else FolderWalk(folder_labels, writer, log)
        else:
            raise LabelError("give the labels either as a table or by the names of folders")
        ignored = _Ignored() if whole is None else _Ignored(whole.ignored)
        for entry in _entries(folder, archive, files, labels, ignored, limits or Limits(), watch):
            if not ignored.takes(entry.path):
                walk.take(entry)
        dataset = writer.finish(walk.end(ignored.listed))
    return Packed(dataset, ignored.listed, ignored.count, walk.problems.listed, dict(walk.problems.counts))


class _Walk(Protocol):
    """What becomes of the files of an archive, one after another."""

    problems: ProblemLog

    def take(self, entry: Entry) -> None: ...

    def end(self, ignored: Sequence[str]) -> LabelTable: ...


@dataclass
class _Ignored:
    """Files that are no data: litter of operating systems, and the labels themselves."""

    tell: Callable[[str], None] = lambda path: None
    not_data: str | None = None
    listed: list[str] = field(default_factory=list)
    count: int = 0

    def takes(self, path: str) -> bool:
        """Whether this file is ignored; it is counted then."""
        if not is_junk(path) and path != self.not_data:
            return False
        self.count += 1
        self.tell(path)
        if len(self.listed) < LISTED:
            self.listed.append(path)
        return True


def _entries(
    folder: Path,
    archive: Path | None,
    files: Path | Iterable[tuple[str, Path]] | None,
    labels: Path | None,
    ignored: _Ignored,
    limits: Limits,
    watch: Callable[[], None],
) -> Iterator[Entry]:
    """The files of whichever source was given."""
    if (archive is None) == (files is None):
        raise ArchiveError("give the files either as an archive or as single files")
    if archive is not None:
        return read_archive(archive, Meter(limits, archive.stat().st_size, watch))
    assert files is not None
    if not isinstance(files, Path):
        return read_files(files, Meter(limits, watch=watch))
    root = files.resolve()
    if folder.resolve().is_relative_to(root):
        raise ArchiveError(f"the pack cannot be written into {files}, the folder it is made from")
    if labels is not None and labels.resolve().is_relative_to(root):
        ignored.not_data = labels.resolve().relative_to(root).as_posix()
    return read_folder(files, Meter(limits, watch=watch))
