"""Writes a pack, file by file, in memory that does not depend on how large the files are."""

import hashlib
import json
import os
import shutil
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from models.packed.dataset import PackedDataset
from models.packed.format import (
    BODY,
    DATA,
    INDEX,
    INDEX_MAGIC,
    LABELS,
    LABELS_MAGIC,
    Header,
    Part,
    StoredTarget,
    content_digest,
    padded,
    sync_folder,
    text_part,
    text_part_size,
    write_file,
)
from models.packed.labels import LabelTable
from models.packed.problems import PackedError, some
from models.packed.texts import GrowingTexts, Texts, as_bytes, in_place

_BUFFER = 1 << 20


class PackWriter:
    """A pack under construction in a hidden folder beside `folder`; `finish` puts it there in one rename.

    Use as a context manager: what is not finished is removed. About 100 bytes of memory per file.
    """

    def __init__(self, folder: Path) -> None:
        """Raises FileExistsError when `folder` exists and is not empty."""
        self.folder = Path(folder)
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise FileExistsError(f"{self.folder} exists already; a pack is never overwritten")
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self._work = Path(tempfile.mkdtemp(prefix=f".{self.folder.name[:32]}.", dir=self.folder.parent))
        self._data = (self._work / DATA).open("xb", buffering=_BUFFER)
        self._ids, self._names = GrowingTexts(), GrowingTexts()
        self._ends = array("q", [0])
        self._digests = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, file_id: str, name: str, chunks: Iterable[bytes]) -> int:
        """Append one file under its id and display name; its length in bytes. An error of `chunks` leaves no trace."""
        digest, begin = hashlib.sha256(), self._ends[-1]
        end = begin
        try:
            for chunk in chunks:
                digest.update(chunk)
                self._data.write(chunk)
                end += len(chunk)
        except BaseException:
            self._data.seek(begin)
            self._data.truncate()
            raise
        self._ids.append(file_id)
        self._names.append(name)
        self._ends.append(end)
        self._digests += digest.digest()
        return end - begin

    def name_of(self, at: int) -> str:
        """The display name of the file that was added as number `at`."""
        return self._names[at]

    def finish(self, labels: LabelTable) -> PackedDataset:
        """Write index and labels, move the pack to its place and open it.

        `labels` has a row for every file (others are left out). Raises PackedError for ids that were added twice
        or have no row.
        """
        ids, names = self._ids.freeze(), self._names.freeze()
        self._ids = self._names = GrowingTexts()  # not needed any more, and large for a million files
        labels = _aligned(labels, ids)
        order = ids.order()
        ids, labels, names = ids.take(order), labels.take(order), names.take(order)
        _refuse_twins(ids)
        ends = np.frombuffer(self._ends, np.int64)
        offsets, lengths = ends[:-1][order], np.diff(ends)[order]
        digests = np.frombuffer(self._digests, np.uint8).reshape(-1, 32)
        if not in_place(order, len(order)):
            digests = digests[order]
        digest = content_digest(ids, lengths, digests, labels)

        self._data.flush()
        os.fsync(self._data.fileno())
        self._data.close()
        tables = [as_bytes(offsets, "<i8"), as_bytes(lengths, "<i8"), as_bytes(digests, "u1")]
        write_file(self._work / INDEX, _index(int(ends[-1]), tables, ids, names, digest))
        write_file(self._work / LABELS, _labels(labels, digest))
        sync_folder(self._work)
        os.rename(self._work, self.folder)
        sync_folder(self.folder.parent)
        return PackedDataset.open(self.folder)

    def discard(self) -> None:
        """Remove what was written; nothing happens after `finish`."""
        self._data.close()
        shutil.rmtree(self._work, ignore_errors=True)


def _aligned(labels: LabelTable, ids: Texts) -> LabelTable:
    """The rows of these ids, in this order."""
    if labels.ids == ids:
        return labels
    rows = {file_id: row for row, file_id in enumerate(labels.ids)}
    absent = [file_id for file_id in ids if file_id not in rows]
    if absent:
        raise PackedError(f"no labels for the files {some(absent)}; every file of a pack needs a row")
    return labels.take(np.array([rows[file_id] for file_id in ids], dtype=np.int64))


def _refuse_twins(ids: Texts) -> None:
    """Raise PackedError for an id that stands twice; `ids` are sorted."""
    before = None
    for raw in ids.each_raw():
        if raw == before:
            raise PackedError(f"two files have the id {str(raw, 'utf-8')!r}; rename one of them, or leave it out")
        before = raw


def _index(data_bytes: int, tables: list[memoryview], ids: Texts, names: Texts, digest: bytes) -> Iterator[Part]:
    """index.bin in its parts."""
    id_part, name_part = text_part(ids), text_part(names)
    files, id_bytes, name_bytes = len(ids), len(id_part[1]), len(name_part[1])
    size = BODY + sum(map(len, tables)) + text_part_size(files, id_bytes) + text_part_size(files, name_bytes)
    yield Header(files, data_bytes, id_bytes, name_bytes, size, digest).pack(INDEX_MAGIC)
    yield from (*tables, *id_part, *name_part)


def _labels(labels: LabelTable, digest: bytes) -> Iterator[Part]:
    """labels.bin in its parts."""
    parts = {name: text_part(column.text) for name, column in labels.columns.items()}
    targets = [
        StoredTarget(name=name, type=column.type, nan_is_missing=column.nan_is_missing, bytes=len(parts[name][1]))
        for name, column in labels.columns.items()
    ]
    meta = json.dumps([target.model_dump() for target in targets], ensure_ascii=False).encode()
    size = BODY + padded(len(meta)) + sum(text_part_size(len(labels), len(part[1])) for part in parts.values())
    yield Header(len(labels), len(meta), 0, 0, size, digest).pack(LABELS_MAGIC)
    yield meta
    yield bytes(padded(len(meta)) - len(meta))
    for part in parts.values():
        yield from part
