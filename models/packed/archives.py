"""Where files come from: an archive (its kind told by its first bytes), a folder tree, or a list of single files."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from models.packed.entries import Entry
from models.packed.limits import Meter
from models.packed.names import safe_path, shown
from models.packed.problems import ARCHIVES_TAKEN, ArchiveError
from models.packed.source import CHUNK, Source, gunzip, plain, unbzip2, unxz, unzstd
from models.packed.sparse import BLOCK
from models.packed.tar import is_tar, read_tar
from models.packed.zip import read_zip
from models.packed.zip_directory import SPLIT_MARK, ends_as_zip

_COMPRESSIONS: dict[bytes, Callable[[BinaryIO], Iterator[bytes]]] = {
    b"\x1f\x8b": gunzip,
    b"\xfd7zXZ\0": unxz,
    b"BZh": unbzip2,
    b"\x28\xb5\x2f\xfd": unzstd,
}
_ZIP = (b"PK\3\4", b"PK\5\6", b"PK\6\6", SPLIT_MARK)
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # behind 0x50 ... 0x5f; pzstd begins with such a frame
_KNOWN_BUT_NOT_READ = {
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
    b"\x04\x22\x4d\x18": "lz4",
    b"LZIP": "lzip",
    b"]\0\0": "the old .lzma format",
    b"\x1f\x9d": "compress (.Z)",
    b"0707": "cpio",
    b"!<arch>\n": "ar",
    b"xar!": "xar",
    b"MSCF": "Windows cabinet",
}


def read_archive(path: Path, meter: Meter) -> Iterator[Entry]:
    """The regular files of an archive, streamed in its own order. Raises ArchiveError for what cannot be taken."""
    with path.open("rb") as file:
        begin = file.read(BLOCK)
        file.seek(0)
        if begin.startswith(_ZIP):
            yield from read_zip(path, meter)
            return
        if unpack := _compression(begin):
            yield from _unpacked(Source(unpack(file), meter), meter)
            return
        if is_tar(begin):
            yield from read_tar(Source(plain(file), meter), meter)
            return
    if not begin:
        raise ArchiveError(f"the archive is empty (0 bytes); {ARCHIVES_TAKEN}")
    for magic, kind in _KNOWN_BUT_NOT_READ.items():
        if begin.startswith(magic):
            raise ArchiveError(f"this is a file of {kind}, which is not read; {ARCHIVES_TAKEN}")
    if ends_as_zip(path):
        yield from read_zip(path, meter)  # behind a program that unpacks it, or other bytes
        return
    raise ArchiveError(f"this is no archive (it begins with {begin[:8]!r}); {ARCHIVES_TAKEN}")


def _compression(begin: bytes) -> Callable[[BinaryIO], Iterator[bytes]] | None:
    """What unpacks a file that begins like this."""
    if begin[1:4] == _ZSTD_SKIPPABLE and begin[0] >> 4 == 5:
        return unzstd
    return next((unpack for magic, unpack in _COMPRESSIONS.items() if begin.startswith(magic)), None)


def _unpacked(source: Source, meter: Meter) -> Iterator[Entry]:
    """The tar that a compressed stream must be. Raises ArchiveError naming what it is instead."""
    begin = source.peek(BLOCK)
    if begin.startswith(_ZIP):
        raise ArchiveError("this is a zip archive that was compressed once more; send the .zip itself")
    if _compression(begin):
        raise ArchiveError(f"this archive was compressed twice; {ARCHIVES_TAKEN}, compressed once")
    if begin and len(begin) >= BLOCK and not is_tar(begin):
        raise ArchiveError(f"this is a single compressed file and no tar archive; {ARCHIVES_TAKEN}")
    yield from read_tar(source, meter)


def read_folder(folder: Path, meter: Meter) -> Iterator[Entry]:
    """The files of a folder tree, sorted by path; links to files are followed.

    Raises ArchiveError for links to folders, broken links, devices and names it cannot take.
    """
    if not folder.is_dir():
        raise ArchiveError(f"{folder} is no folder")
    yield from _tree(folder, "", meter)


def _tree(folder: Path, above: str, meter: Meter) -> Iterator[Entry]:
    with os.scandir(folder) as scan:
        items = sorted(scan, key=lambda item: item.name)
    for item in items:
        name = above + shown(os.fsencode(item.name))
        if item.is_symlink() and not item.is_file():
            raise ArchiveError(f"{name!r} is a link to a folder or to nothing; put the files themselves there")
        if item.is_dir():
            yield from _tree(folder / item.name, f"{name}/", meter)
        else:
            yield _one(name, folder / item.name, meter)


def read_files(files: Iterable[tuple[str, Path]], meter: Meter) -> Iterator[Entry]:
    """Single files, each with the name that its sender gave it. Raises ArchiveError for unsafe names."""
    for name, path in files:
        yield _one(name, path, meter)


def _one(name: str, path: Path, meter: Meter) -> Entry:
    """One file of this machine under `name`."""
    inside = safe_path(name)
    about = path.stat()
    if not stat.S_ISREG(about.st_mode) or not inside:
        raise ArchiveError(f"{name!r} is no regular file; leave it out")
    meter.entry(name, about.st_size)
    return Entry(inside, _chunks(path, meter))


def _chunks(path: Path, meter: Meter) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            meter.unpacked(len(chunk))
            yield chunk
