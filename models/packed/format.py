"""The pack on disk, version 1: three files, what stands where in them, and the digest over what they mean.

    data.bin    the bytes of every file, one after another
    index.bin   header (HEADER, 64 bytes, then the pack's digest), then for n files sorted by id, each part from a
                multiple of 8: offsets int64[n], lengths int64[n], SHA-256 uint8[n, 32], ids, names (a text part
                is its bounds int64[n + 1] and then its blob of UTF-8)
    labels.bin  header (HEADER, then the pack's digest), a JSON list of the targets, and their cells as text parts

All integers are little-endian. Nothing in it is ever executed or unpickled.
"""

import hashlib
import mmap
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from models.packed.labels import LabelTable
from models.packed.problems import FormatError
from models.packed.summary import TargetType
from models.packed.texts import Int64, Texts, as_bytes

DATA, INDEX, LABELS = "data.bin", "index.bin", "labels.bin"
FILES = (DATA, INDEX, LABELS)
"""The names of a pack's files, all in one folder."""

VERSION = 1
MEND = "pack the data set again"
INDEX_MAGIC, LABELS_MAGIC = b"OCTETIDX", b"OCTETLBL"
HEADER = struct.Struct("<8sIIQQQQQ8x")
"""magic, version, 0, number of files, a, b, c, size of the whole file: index (a data bytes, b id bytes, c name bytes),
labels (a JSON bytes, b and c 0)."""
Part: TypeAlias = bytes | memoryview
DIGEST_BYTES = 32
BODY = HEADER.size + DIGEST_BYTES


class StoredTarget(BaseModel):
    """A target as labels.bin lists it; `bytes`: size of its cells' blob."""

    name: str
    type: TargetType
    nan_is_missing: bool
    bytes: int


@dataclass(frozen=True, slots=True)
class Header:
    """What stands at the beginning of index.bin and labels.bin."""

    files: int
    a: int
    b: int
    c: int
    size: int
    digest: bytes

    def pack(self, magic: bytes) -> bytes:
        """The header's bytes."""
        return HEADER.pack(magic, VERSION, 0, self.files, self.a, self.b, self.c, self.size) + self.digest


def read_header(path: Path, view: memoryview, magic: bytes) -> Header:
    """Check a file's beginning and size. Raises FormatError."""
    if len(view) < BODY or bytes(view[:8]) != magic:
        raise FormatError(f"{path} is no file of an Octet pack (its first bytes are wrong); {MEND}")
    _, version, _, files, a, b, c, size = HEADER.unpack_from(view)
    if version != VERSION:
        raise FormatError(f"{path} has format version {version}, this Octet reads version {VERSION}; {MEND}")
    if size != len(view):
        raise FormatError(f"{path} has {len(view)} bytes instead of {size}: it is incomplete; {MEND}")
    return Header(files, a, b, c, size, bytes(view[HEADER.size : BODY]))


def padded(size: int) -> int:
    """The next multiple of 8."""
    return -(-size // 8) * 8


def text_part_size(files: int, blob: int) -> int:
    """Bytes of a text part with its padding."""
    return 8 * (files + 1) + padded(blob)


def text_part(texts: Texts) -> tuple[Part, Part, Part]:
    """A text part as it is written: bounds, blob, padding."""
    bounds, blob = texts.buffers()
    return bounds, blob, bytes(padded(len(blob)) - len(blob))


def read_text_part(path: Path, view: memoryview, at: int, files: int, blob: int) -> Texts:
    """The texts that stand at `at`, on the map. Raises FormatError when their bounds are not in order."""
    bounds = np.frombuffer(view, "<i8", files + 1, at)
    begin = at + 8 * (files + 1)
    if bounds[0] != 0 or bounds[-1] != blob or (np.diff(bounds) < 0).any():
        raise FormatError(f"{path} contradicts itself (the bounds of a text); {MEND}")
    return Texts(view[begin : begin + blob], bounds)


def map_file(path: Path) -> memoryview:
    """A file as read-only memory; empty files too. Raises FormatError when it is missing."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b"")
    except FileNotFoundError:
        raise FormatError(f"{path.parent} is no complete pack: {path.name} is missing; {MEND}") from None


def content_digest(ids: Texts, lengths: Int64, digests: npt.NDArray[np.uint8], labels: LabelTable) -> bytes:
    """SHA-256 over ids, lengths, file digests and labels, for files sorted by id and targets sorted by name.

    It says nothing of the archive: kind, order, folders and the place of a file in data.bin do not enter.
    """
    total = hashlib.sha256(b"octet pack 1\n")
    parts: list[Part] = [*ids.buffers(), as_bytes(lengths, "<i8"), as_bytes(digests, "u1")]
    for name, column in sorted(labels.columns.items()):
        parts += (name.encode(), column.type.encode(), bytes([column.nan_is_missing]), *column.text.buffers())
    for part in parts:
        _update(total, part)
    return total.digest()


def _update(total: "hashlib._Hash", part: Part) -> None:
    total.update(struct.pack("<Q", len(part)))
    total.update(part)


def write_file(path: Path, parts: Iterable[Part]) -> None:
    """Write parts one after another and fsync."""
    with path.open("xb") as file:
        for part in parts:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """fsync a folder, so that a rename in it survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
