"""Make a data set of an upload: pack it, store it by its content, and give it its name."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from app.db import datasets
from app.db.dialect import hold
from app.errors import Conflict, Example, Fault, Invalid
from app.parts import Parts
from app.services.datasets.incoming import PACK, refuse_full, work_folder
from app.services.datasets.view import DatasetView, said_key, storage_key, view_of
from app.services.ids import new_id
from models.packed import LabelError, PackedError, TargetType, pack

_PACK, _SAID = "pack", "said"
_NAME = re.compile(r"(?!\.{1,2}\Z)[^\x00-\x1f\x7f/]{1,200}")


class BadArchive(Invalid):
    """The files cannot be taken: the archive is broken, unsafe, too large, empty, or of an unknown kind."""

    rule = "bad-archive"
    title = "The files cannot be taken"
    mend = (
        "Pack plain files anew as .tar, .tar.gz, .tar.xz, .tar.zst, .tar.bz2 or .zip, and leave out what the "
        "detail names."
    )
    example = Example("the archive ends in the middle of 'r07.txt'; send it again", "/archive")


class BadLabels(Invalid):
    """The labels cannot be taken, or do not fit the files."""

    rule = "bad-labels"
    title = "The labels cannot be taken"
    mend = "Mend the rows and columns that `errors` names, save the table as CSV in UTF-8, and upload it again."
    example = Example("row 42 of the labels has 3 cells, the header has 2; check its quotes", "/labels", row=42)


class BadDatasetName(Invalid):
    """A data set needs a name of 1 to 200 characters without control characters and slashes."""

    rule = "dataset-name"
    title = "Not a name for a data set"
    mend = "Choose a name of 1 to 200 characters without a slash and without control characters."
    example = Example("'a/b': use 1 to 200 characters, no control characters, no slash", "/name")


class NameTaken(Conflict):
    """Another content has this name already."""

    rule = "dataset-name-taken"
    title = "The name is taken"
    mend = (
        "Choose another name, or DELETE the data set that has it. The same content under the same name is no conflict."
    )
    example = Example(
        "data set reviews exists with other content; choose another name, or DELETE /datasets/9f86d081884c7d65",
        "/name",
    )


@dataclass(frozen=True, slots=True)
class Upload:
    """What was sent, as files on this machine: labels, and an archive or single files with the client's names.

    folder_labels in place of labels: the name of a target whose classes are the files' folders. id_column: the name of
    the column of IDs in the labels, else `ID`.
    """

    name: str
    labels: Path | None
    folder_labels: str | None = None
    id_column: str | None = None
    archive: Path | None = None
    files: list[tuple[str, Path]] = field(default_factory=list)
    declared: dict[str, str] | None = None


def create_dataset(parts: Parts, upload: Upload, watch: Callable[[], None] = lambda: None) -> tuple[DatasetView, bool]:
    """The data set of an upload, and whether it is new: the same name with the same content is the old one.

    `watch` is called again and again while files are packed; what it raises ends it, and nothing stays.
    Raises BadDatasetName, BadArchive, BadLabels, NameTaken, OSError (ENOSPC) before the disk is full.
    """
    if not _NAME.fullmatch(upload.name):
        shown = upload.name if len(upload.name) <= 50 else upload.name[:47] + "..."
        detail = f"{shown!r}: use 1 to 200 characters, no control characters, no slash; not . and not .."
        raise BadDatasetName(detail, [Fault("/name", detail)])
    with _work_folder(parts) as folder:
        reserve = parts.settings.limits.disk_reserve_bytes

        def watch_disk_too() -> None:
            watch()
            refuse_full(folder, reserve)

        values = {"id": new_id(), "name": upload.name, **_pack(upload, folder, watch_disk_too)}
        digest = values["digest"]
        with suppress(FileNotFoundError):  # who removes this content meanwhile takes the folder away; see _complete
            _store(parts, folder, digest)
        _store_said(parts, folder, values["id"])
        with parts.db.transaction(with_files=True) as tx:
            hold(tx, digest)
            created = datasets.add(tx, values)
            row = created or datasets.by_name(tx, upload.name)
            if datasets.refers(tx, digest):
                _complete(parts, folder, digest)
            else:
                parts.storage.delete(storage_key(digest))
    if created is None:
        parts.storage.delete(said_key(values["id"]))
    if row is None:
        raise NameTaken("another data set of this name was removed just now; send the upload again")
    if row.digest != digest:
        detail = f"data set {upload.name} exists with other content; choose another name, or DELETE /datasets/{row.id}"
        raise NameTaken(detail, [Fault("/name", detail)])
    return view_of(row), created is not None


@contextmanager
def _work_folder(parts: Parts) -> Iterator[Path]:
    """A folder of our own for a pack in the making, on the file system of the data dir."""
    folder = work_folder(parts.settings.incoming_dir, PACK)
    try:
        yield folder.path
    finally:
        folder.remove()


def _pack(upload: Upload, folder: Path, watch: Callable[[], None]) -> dict[str, Any]:
    """Pack the upload below a folder; the columns of its row. Raises BadArchive, BadLabels, what `watch` raises."""
    try:
        packed = pack(
            folder / _PACK,
            labels=upload.labels,
            folder_labels=upload.folder_labels,
            id_column=upload.id_column,
            archive=upload.archive,
            files=upload.files or None,
            said=folder / _SAID,
            declared=_declared(upload),
            watch=watch,
        )
    except LabelError as error:
        raise BadLabels(str(error), _faults("labels" if upload.labels else "folder_labels", error)) from error
    except PackedError as error:
        raise BadArchive(str(error), _faults("file" if upload.archive is None else "archive", error)) from error
    summary = packed.dataset.summary()
    return {
        "digest": summary.digest,
        "files": summary.files,
        "bytes": summary.bytes,
        "summary": summary.model_dump(mode="json"),
        "ignored": packed.ignored,
        "ignored_count": packed.ignored_count,
        "problems": [asdict(problem) for problem in packed.problems],
        "problem_counts": packed.problem_counts,
    }


def _declared(upload: Upload) -> dict[str, TargetType] | None:
    """The kinds that the client gave its targets. Raises BadLabels."""
    kinds: dict[str, TargetType] = {}
    for name, kind in (upload.declared or {}).items():
        if kind not in ("categorical", "continuous"):
            detail = f"{name}: {kind!r} is no kind of target; use categorical or continuous"
            raise BadLabels(detail, [Fault("/types", detail)])
        kinds[name] = "categorical" if kind == "categorical" else "continuous"
    return kinds or None


def _store(parts: Parts, folder: Path, digest: str) -> None:
    """Put the files of a pack where their content says: before the transaction, for they may be large."""
    for key, file in _blobs(folder, digest):
        parts.storage.put(key, file)


def _store_said(parts: Parts, folder: Path, dataset_id: str) -> None:
    """Put the whole lists of problems and ignored files, where there are any."""
    for file in (folder / _SAID).glob("*"):
        parts.storage.put(f"{said_key(dataset_id)}/{file.name}", file)


def _complete(parts: Parts, folder: Path, digest: str) -> None:
    """Under the hold: put what is missing of a content that is referred to.

    Whoever removed the same content may have come between any two files that were stored before the hold.
    """
    for key, file in _blobs(folder, digest):
        if not parts.storage.exists(key):
            parts.storage.put(key, file)


def _blobs(folder: Path, digest: str) -> list[tuple[str, Path]]:
    """Key and file of everything that a pack is made of."""
    return [(f"{storage_key(digest)}/{file.name}", file) for file in sorted((folder / _PACK).iterdir())]


def _faults(part: str, error: PackedError) -> list[Fault]:
    """Each problem as a fault of a part of the form."""
    return [Fault(f"/{part}", fault.detail, fault.row, fault.column) for fault in error.faults]
