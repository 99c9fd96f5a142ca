"""Blobs by key, with digests. A key is a name of ours ("runs/RUN/best-40-DIGEST.safetensors"), never a client's."""

import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_CHUNK_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Blob:
    """What was stored: its key, the SHA-256 of its bytes (hex) and their number."""

    key: str
    digest: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A blob as a listing shows it. idle_s: seconds since it was put there, however old its bytes are."""

    key: str
    size_bytes: int
    idle_s: float


class WrongDigest(OSError):
    """A file has not the bytes that it was said to have: the disk lies or is full."""


class Storage(Protocol):
    """The seam to a file system or an object store."""

    def put(self, key: str, source: Path, *, digest: str | None = None) -> Blob:
        """Store a file under a key, whole or not at all; the file must not be changed afterwards.

        `digest`: the SHA-256 that its bytes must have. Raises WrongDigest, and leaves what lies at the key.
        """

    def local(self, key: str) -> Path:
        """The blob (or all blobs below a key) as a path on this machine; it need not exist."""

    def delete(self, key: str) -> None:
        """Remove a blob, or all below a key; what is not there is no error."""

    def exists(self, key: str) -> bool:
        """Whether there is a blob at, or anything below, a key."""

    def listing(self, key: str) -> Iterator[Stored]:
        """All blobs below a key, those of one folder after the other; what goes meanwhile may be left out."""

    def remove_unfinished(self, older_s: float) -> int:
        """Remove what a `put` that was killed left behind; the number of bytes."""


class FolderStorage:
    """Storage in one folder. A blob appears by a rename after its bytes are on the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, source: Path, *, digest: str | None = None) -> Blob:
        """Link (or copy, where the file system cannot link) `source` to its key. Raises OSError, WrongDigest."""
        target = self.local(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{uuid.uuid4().hex}.tmp")
        try:
            _link_or_copy(source, temporary)
            found, size = digest_of(temporary)
            if digest not in (None, found):
                raise WrongDigest(f"{source.name}: its digest is {found}, {digest} was written")
            _flush(temporary)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        _flush(target.parent)
        return Blob(key, found, size)

    def local(self, key: str) -> Path:
        """The path of a key. Raises ValueError for a key that could lead out of the root."""
        segments = key.split("/")
        if not all(_SEGMENT.fullmatch(segment) for segment in segments):
            raise ValueError(f"storage key {key!r}: write segments of letters, digits, '.', '_' and '-', joined by '/'")
        return self.root.joinpath(*segments)

    def delete(self, key: str) -> None:
        """Remove the blob or folder of a key."""
        target = self.local(key)
        if target.is_dir():
            shutil.rmtree(target, ignore_errors=True)
        else:
            target.unlink(missing_ok=True)

    def exists(self, key: str) -> bool:
        """Whether the key has a blob or a folder."""
        return self.local(key).exists()

    def listing(self, key: str) -> Iterator[Stored]:
        """Every file below the folder of a key."""
        for folder, inner, names in os.walk(self.local(key)):
            inner.sort()
            for name in filter(_SEGMENT.fullmatch, sorted(names)):
                path = Path(folder, name)
                with suppress(FileNotFoundError):
                    yield Stored(path.relative_to(self.root).as_posix(), *_size_and_idle(path))

    def remove_unfinished(self, older_s: float) -> int:
        """Files under the temporary names of `put`."""
        freed = 0
        for path in self.root.rglob(".*.tmp"):
            with suppress(FileNotFoundError):
                size, idle_s = _size_and_idle(path)
                if idle_s >= older_s:
                    path.unlink()
                    freed += size
        return freed


def _size_and_idle(path: Path) -> tuple[int, float]:
    """By the time of the last link or rename: the bytes of a pack may be hours older than its place in the storage."""
    found = path.stat()
    return found.st_size, time.time() - found.st_ctime


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size in bytes of a file, in constant memory."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(source, target)


def _flush(path: Path) -> None:
    """Force a file's bytes, or a folder's entries, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
