"""Bodies that stream from the disk: multipart forms, and a folder as a tar made on the way. Memory stays flat."""

import tarfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from octet.errors import FileChanged

PIECE = 1 << 18
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst", ".tar.bz2", ".tbz2", ".zip")

OnSent = Callable[[int, int], None]
"""Called with (bytes sent, bytes in all) while a body goes out."""


class Content(Protocol):
    """Something of known size that is read piece by piece."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """Its bytes, from the start."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes that are in memory already."""

    data: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)

    def pieces(self) -> Iterator[bytes]:
        """The data, in one piece."""
        yield self.data


class OnDisk:
    """A file, read when its turn comes. Raises FileChanged when it changes size in the meantime."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size

    def pieces(self) -> Iterator[bytes]:
        """The file's bytes."""
        left = self.size
        with self.path.open("rb") as file:
            while left and (piece := file.read(min(PIECE, left))):
                left -= len(piece)
                yield piece
            if left or file.read(1):
                raise FileChanged(f"{self.path} changed its size while it was sent; upload it again")


class Tar:
    """Files as one uncompressed tar that is made on the way; none of it is ever stored.

    members: (name, bytes) of each; opened: gives the content of a name, when its turn comes.
    """

    def __init__(self, members: Sequence[tuple[str, int]], opened: Callable[[str], Content]) -> None:
        self.members, self._opened = members, opened
        blocks = sum(len(_header(*member)) + _padded(member[1]) for member in members)
        self.size = blocks + 2 * tarfile.BLOCKSIZE

    def pieces(self) -> Iterator[bytes]:
        """The tar's bytes. Raises FileChanged."""
        for name, size in self.members:
            yield _header(name, size)
            content = self._opened(name)
            if content.size != size:
                raise FileChanged(f"{name} changed its size while the others were sent; upload it again")
            yield from content.pieces()
            yield bytes(_padded(size) - size)
        yield bytes(2 * tarfile.BLOCKSIZE)


class FolderTar(Tar):
    """All regular files below a folder as a tar, in the order of their names.

    leave_out: files that are not part of it (a labels CSV that lies among them).
    """

    def __init__(self, folder: Path, leave_out: Iterable[Path] = ()) -> None:
        others = {path.resolve() for path in leave_out}
        members = [
            (path.relative_to(folder).as_posix(), path.stat().st_size)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.resolve() not in others
        ]
        super().__init__(members, lambda name: OnDisk(folder / name))


class NamedTar(Tar):
    """Files under names of one's own as a tar: name -> bytes, or the path of a file on the disk."""

    def __init__(self, files: Mapping[str, bytes | str | Path]) -> None:
        members = [(name, content_of(file).size) for name, file in files.items()]
        super().__init__(members, lambda name: content_of(files[name]))


def content_of(file: bytes | str | Path) -> Content:
    """What is to be sent of bytes, or of the file at a path."""
    return Held(file) if isinstance(file, bytes) else OnDisk(Path(file))


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf(tarfile.PAX_FORMAT)


def _padded(size: int) -> int:
    return -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


@dataclass(frozen=True)
class Part:
    """One field of a form; with a file name it is a file."""

    field: str
    content: Content
    filename: str | None = None


class Form:
    """A multipart/form-data body (RFC 7578) of known length."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._mark = uuid.uuid4().hex
        self._parts = [(self._head(part), part.content) for part in parts]
        self._end = f"--{self._mark}--\r\n".encode()
        self.size = sum(len(head) + content.size + 2 for head, content in self._parts) + len(self._end)

    @property
    def headers(self) -> dict[str, str]:
        """Content type and length."""
        return {"content-type": f"multipart/form-data; boundary={self._mark}", "content-length": str(self.size)}

    def pieces(self, on_sent: OnSent | None = None) -> Iterator[bytes]:
        """The body."""
        sent = 0
        for piece in self._pieces():
            yield piece
            sent += len(piece)
            if on_sent:
                on_sent(sent, self.size)

    def _pieces(self) -> Iterator[bytes]:
        for head, content in self._parts:
            yield head
            yield from content.pieces()
            yield b"\r\n"
        yield self._end

    def _head(self, part: Part) -> bytes:
        filename = f'; filename="{_quoted(part.filename)}"' if part.filename is not None else ""
        kind = "Content-Type: application/octet-stream\r\n" if part.filename is not None else ""
        disposition = f'Content-Disposition: form-data; name="{_quoted(part.field)}"{filename}\r\n'
        return f"--{self._mark}\r\n{disposition}{kind}\r\n".encode()


def readable(text: str) -> str:
    """A name of this system as text that can be sent and shown: bytes of it that are no UTF-8 as `\\xff`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _quoted(text: str) -> str:
    """As browsers write it (WHATWG HTML, multipart/form-data encoding)."""
    return readable(text).replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
