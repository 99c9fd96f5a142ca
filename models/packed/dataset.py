"""A pack, opened: memory-mapped bytes of each file, ids and labels, O(1) per file and no Python object per file."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from models.packed.format import (
    BODY,
    DATA,
    DIGEST_BYTES,
    INDEX,
    INDEX_MAGIC,
    LABELS,
    LABELS_MAGIC,
    MEND,
    StoredTarget,
    content_digest,
    map_file,
    padded,
    read_header,
    read_text_part,
    text_part_size,
)
from models.packed.labels import Column, LabelTable
from models.packed.probes import probe
from models.packed.problems import FormatError
from models.packed.summary import DatasetSummary, LengthSummary
from models.packed.texts import Int64, Texts

UInt8 = npt.NDArray[np.uint8]
_TARGETS = TypeAdapter(list[StoredTarget])


@dataclass(frozen=True, eq=False)
class PackedDataset:
    """Files sorted by id (code point order), with their labels. All arrays are read-only views on the maps.

    `lengths` (n,) int64, bytes of each file; `file_digests` (n, 32) uint8, SHA-256 of each; `names` as in the archive;
    `digest` hex SHA-256 of the content (ids, files, labels), the same whatever archive it came in.
    """

    folder: Path
    digest: str
    ids: Texts
    names: Texts
    lengths: Int64
    file_digests: UInt8
    labels: LabelTable
    _offsets: Int64
    _data: UInt8

    @classmethod
    def open(cls, folder: Path) -> "PackedDataset":
        """Map a pack. Raises FormatError for another version and for missing, truncated or inconsistent files.

        The content of the files is not read here; `verify` does that.
        """
        folder = Path(folder)
        path = folder / INDEX
        view = map_file(path)
        header = read_header(path, view, INDEX_MAGIC)
        files = header.files
        ids_at = BODY + files * (16 + DIGEST_BYTES)
        names_at = ids_at + text_part_size(files, header.b)
        if names_at + text_part_size(files, header.c) != header.size:
            raise FormatError(f"{path} contradicts itself (its size and counts); {MEND}")
        offsets = np.frombuffer(view, "<i8", files, BODY)
        lengths = np.frombuffer(view, "<i8", files, BODY + 8 * files)
        digests = np.frombuffer(view, np.uint8, files * DIGEST_BYTES, BODY + 16 * files).reshape(files, DIGEST_BYTES)
        data = map_file(folder / DATA)
        if len(data) != header.a:
            raise FormatError(f"{folder / DATA} has {len(data)} bytes instead of {header.a}: it is incomplete; {MEND}")
        if files and (min(offsets.min(), lengths.min()) < 0 or (lengths > len(data) - offsets).any()):
            raise FormatError(f"{path} points beyond the data; {MEND}")
        ids = read_text_part(path, view, ids_at, files, header.b)
        names = read_text_part(path, view, names_at, files, header.c)
        labels = _open_labels(folder / LABELS, ids, header.digest)
        return cls(
            folder, header.digest.hex(), ids, names, lengths, digests, labels, offsets, np.frombuffer(data, np.uint8)
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def read(self, at: int) -> UInt8:
        """The bytes of file `at` (0 <= at < n): a read-only view on the map, nothing is copied. Raises IndexError."""
        if not 0 <= at < len(self.lengths):
            raise IndexError(f"file {at} of {len(self)}")
        begin = int(self._offsets[at])
        return self._data[begin : begin + int(self.lengths[at])]

    def crops(
        self,
        indices: npt.ArrayLike,
        starts: npt.ArrayLike,
        length: int,
        pad: int,
        *,
        dtype: npt.DTypeLike = np.int16,
    ) -> npt.NDArray[Any]:
        """Pieces of files as one batch (B, length): file `indices[b]` from byte `starts[b]` on, `pad` after its end.

        One slice copy per file and none per byte. Raises IndexError for a file that does not exist or a start
        outside its file, OverflowError when `pad` does not fit `dtype`.
        """
        at, first = np.asarray(indices, dtype=np.int64), np.asarray(starts, dtype=np.int64)
        if at.size and (at.min() < 0 or at.max() >= len(self)):
            raise IndexError(f"indices must lie in 0 ... {len(self) - 1}")
        whole = self.lengths[at]
        if (first < 0).any() or (first > whole).any():
            raise IndexError("a crop must start inside its file")
        begins = self._offsets[at] + first
        ends = begins + np.minimum(whole - first, length)
        batch, data = np.full((len(at), length), pad, dtype=dtype), self._data
        for row, begin, end in zip(batch, begins.tolist(), ends.tolist(), strict=True):
            row[: end - begin] = data[begin:end]
        return batch

    def index_of(self, file_id: str) -> int:
        """The index of an id, by bisection. Raises KeyError."""
        low, high, raw = 0, len(self), file_id.encode("utf-8", "surrogatepass")
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.ids.raw(middle) < raw else (low, middle)
        if low == len(self) or self.ids.raw(low) != raw:
            raise KeyError(file_id)
        return low

    def summary(self) -> DatasetSummary:
        """Counts, lengths, targets and what a sample of the files looks like; made once per opened pack."""
        return self._summary

    @cached_property
    def _summary(self) -> DatasetSummary:
        if not len(self):
            raise FormatError(f"{self.folder} has no files")
        low, median, p90, high = np.quantile(self.lengths, [0, 0.5, 0.9, 1], method="inverted_cdf").tolist()
        return DatasetSummary(
            files=len(self),
            bytes=int(self.lengths.sum()),
            lengths=LengthSummary(min=low, median=median, p90=p90, max=high),
            targets={name: self.labels.target(name).summary() for name in self.labels.columns},
            digest=self.digest,
            probes=probe(self.lengths, self.read),
        )

    def verify(self) -> None:
        """Read everything and compare it with the digests. Raises FormatError naming the first file that differs."""
        for at, digest in enumerate(self.file_digests):
            if hashlib.sha256(self.read(at).data).digest() != digest.tobytes():
                raise FormatError(f"the bytes of {self.ids[at]!r} in {self.folder} have changed; {MEND}")
        if content_digest(self.ids, self.lengths, self.file_digests, self.labels).hex() != self.digest:
            raise FormatError(f"the index or the labels of {self.folder} have changed; {MEND}")


def _open_labels(path: Path, ids: Texts, digest: bytes) -> LabelTable:
    """Map labels.bin beside these ids. Raises FormatError."""
    view = map_file(path)
    header = read_header(path, view, LABELS_MAGIC)
    if header.digest != digest or header.files != len(ids):
        raise FormatError(f"{path} belongs to another pack than {INDEX} beside it; {MEND}")
    at, columns = BODY + padded(header.a), {}
    try:
        targets = _TARGETS.validate_json(bytes(view[BODY : BODY + header.a]))
    except ValidationError as error:
        raise FormatError(f"{path} contradicts itself (its list of targets); {MEND}") from error
    for target in targets:
        size = text_part_size(len(ids), target.bytes)
        if at + size > header.size:
            raise FormatError(f"{path} contradicts itself (its size and counts); {MEND}")
        text = read_text_part(path, view, at, len(ids), target.bytes)
        columns[target.name] = Column(text, target.type, target.nan_is_missing)
        at += size
    return LabelTable(ids, columns)
