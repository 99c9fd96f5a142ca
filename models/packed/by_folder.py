"""Files labelled by their folders: a file's class is the folder it lies in, below the folder that all files share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, takewhile

from models.packed.entries import Entry
from models.packed.filled_cells import FilledCells
from models.packed.labels import LabelTable
from models.packed.matching import same
from models.packed.odd_columns import say_twins
from models.packed.problems import ArchiveError, LabelError, Problem, ProblemLog, no_files, some, sparse_file
from models.packed.writer import PackWriter

_SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval"}


@dataclass
class FolderWalk:
    """Takes one file after another and packs it; every class is known once all files were seen.

    `photos/cats/1.png`, `photos/cats/old/2.png` and `photos/dogs/3.png` are two cats and a dog.
    """

    target: str
    writer: PackWriter
    problems: ProblemLog = field(default_factory=ProblemLog)

    def __post_init__(self) -> None:
        self._shared: list[str] | None = None
        self._empty: list[str] = []

    def take(self, entry: Entry) -> None:
        """Pack one file, or say why not."""
        chunks = filter(None, entry.chunks)
        first = next(chunks, None)
        if first is None:
            self._empty.append(entry.path)
            detail = f"the file {entry.path!r} is empty: there is nothing to learn from, it is left out"
            self.problems.add("empty_file", detail, file_id=entry.path)
            return
        folders = same(entry.path).split("/")[:-1]
        if folders:
            pairs = zip(folders if self._shared is None else self._shared, folders, strict=False)
            self._shared = [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
        if entry.holes:
            self.problems.add("sparse_file", sparse_file(entry.path, entry.holes), file_id=entry.path)
        self.writer.add(entry.path, entry.path, chain((first,), chunks))

    def end(self, ignored: Sequence[str]) -> LabelTable:
        """The class of each packed file in their order; none, and a problem, for a file beside the folders of classes.

        Raises ArchiveError when nothing could be packed, LabelError when there are not two folders of classes, or when
        the folders are parts of a split.
        """
        if not len(self.writer):
            raise ArchiveError(f"all files are empty: {some(self._empty, 3)}") if self._empty else no_files(ignored)
        paths = [self.writer.name_of(at) for at in range(len(self.writer))]
        classes = [self._class_of(path) for path in paths]
        for path, found in zip(paths, classes, strict=True):
            if not found:
                detail = (
                    f"the file {path!r} lies in no folder of a class: it has no label; move it into one, or remove it"
                )
                self.problems.add("file_without_folder", detail, file_id=path)
        self._refuse_unfit(sorted({*classes} - {""}))
        table = LabelTable.of(paths, {self.target: classes}, {self.target: "categorical"})
        say_twins(self.problems, FilledCells.of(self.target, table.columns[self.target].text, table.ids))
        return table

    def _class_of(self, path: str) -> str:
        shared, parts = self._shared or [], same(path).split("/")
        below = len(parts) > len(shared) + 1 and parts[: len(shared)] == shared
        return parts[len(shared)] if below else ""

    def _refuse_unfit(self, classes: Sequence[str]) -> None:
        """Raise LabelError for folders that name no classes."""
        fault = None
        if len(classes) < 2:
            where = repr("/".join(self._shared)) if self._shared else "no folder"
            fault = (
                f"all files lie in {where}: there is nothing to tell apart; the files of each class must lie in a "
                "folder of their own, the folders side by side"
            )
        elif _SPLITS.issuperset(name.lower() for name in classes):
            fault = (
                f"the folders are {some(classes)}: parts of a split, not classes; send one of them alone "
                "(`valid_size` says how much is held out), or send the labels as a CSV"
            )
        if fault:
            raise LabelError([Problem("folder_labels", None, None, fault)])
