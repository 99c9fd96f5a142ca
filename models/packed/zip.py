"""Reads zip by its central directory, entry by entry, in constant memory and strictly.

Own reader, because the standard library's keeps an object per entry and trusts the sizes that an entry states.
Methods: stored and deflate.
"""

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from models.packed.entries import Entry
from models.packed.limits import Meter
from models.packed.names import safe_path
from models.packed.problems import ArchiveError
from models.packed.source import CHUNK
from models.packed.zip_directory import DAMAGED, Directory, Record, find_directory, records

_LOCAL = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATE = 0, 8
_METHODS = {9: "Deflate64, as Windows Explorer packs files over 2 GB", 12: "bzip2", 14: "LZMA", 93: "zstd", 95: "xz"}
_ENCRYPTED = 0x1 | 0x40 | 0x2000


def read_zip(path: Path, meter: Meter) -> Iterator[Entry]:
    """The regular files of a zip. An entry's bytes may be taken or not.

    Raises ArchiveError for damage, truncation, encryption, unsafe names, links and other methods than deflate.
    """
    with path.open("rb") as file:
        descriptor = file.fileno()
        directory = find_directory(descriptor, os.fstat(descriptor).st_size)
        if directory.entries > meter.limits.files:
            raise ArchiveError(f"the archive has more than {meter.limits.files} entries; split the data set")
        taken = 0
        for record in records(descriptor, directory):
            meter.entry(record.name, record.size)
            taken += _LOCAL.size + len(record.raw_name) + record.packed
            if taken > directory.begin - directory.shift:
                raise ArchiveError(
                    "the zip archive is refused: its entries overlap, like an archive that is made to fill disks"
                )
            inside = safe_path(record.name)
            if record.name.endswith("/"):
                continue
            _refuse(record)
            if not inside:
                raise ArchiveError(f"a file in the archive has no name ({record.name!r}); make the archive again")
            yield Entry(inside, _unpack(descriptor, record, directory, meter))


def _refuse(record: Record) -> None:
    """Raise ArchiveError for what is no plain, readable, regular file."""
    if record.flags & _ENCRYPTED:
        raise ArchiveError(f"{record.name!r} is encrypted; pack the files without a password")
    if record.mode and stat.S_IFMT(record.mode) not in (0, stat.S_IFREG):
        what = "a symbolic link" if stat.S_ISLNK(record.mode) else "no regular file"
        raise ArchiveError(f"{record.name!r} is {what}; pack the file itself")
    if record.method not in (_STORED, _DEFLATE):
        method = f"{record.method} ({_METHODS[record.method]})" if record.method in _METHODS else str(record.method)
        raise ArchiveError(
            f"{record.name!r} is packed with zip method {method}; use deflate (plain zip), or send a .tar.gz"
        )


def _unpack(descriptor: int, record: Record, directory: Directory, meter: Meter) -> Iterator[bytes]:
    """The bytes of one entry; length and checksum are checked at its end. Raises ArchiveError."""
    at = record.offset + directory.shift
    header = os.pread(descriptor, _LOCAL.size + len(record.raw_name), min(at, directory.begin))
    if len(header) < _LOCAL.size or header[:4] != b"PK\3\4" or header[_LOCAL.size :] != record.raw_name:
        raise ArchiveError(DAMAGED.format(what=f"{record.name!r} is not where its directory says"))
    *_, name_size, extra_size = _LOCAL.unpack_from(header)
    begin = at + _LOCAL.size + name_size + extra_size
    if begin + record.packed > directory.begin:
        raise ArchiveError(DAMAGED.format(what=f"{record.name!r} reaches into its directory"))
    packed = _stored(descriptor, begin, record.packed)
    left, crc = record.size, 0
    for chunk in packed if record.method == _STORED else _inflate(packed, record.name):
        meter.unpacked(len(chunk))
        left, crc = left - len(chunk), zlib.crc32(chunk, crc)
        if left < 0:
            break
        yield chunk
    if left or crc != record.crc:
        raise ArchiveError(DAMAGED.format(what=f"{record.name!r} has another size or checksum than stated"))


def _stored(descriptor: int, begin: int, size: int) -> Iterator[bytes]:
    for at in range(begin, begin + size, CHUNK):
        yield os.pread(descriptor, min(CHUNK, begin + size - at), at)


def _inflate(packed: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Raw deflate, never more than CHUNK at once. Raises ArchiveError."""
    inflater = zlib.decompressobj(-15)
    try:
        for chunk in packed:
            while chunk and not inflater.eof:
                yield inflater.decompress(chunk, CHUNK)
                chunk = inflater.unconsumed_tail
        yield inflater.flush()
    except zlib.error as error:
        raise ArchiveError(DAMAGED.format(what=f"{name!r}: {error}")) from error
    if not inflater.eof:
        raise ArchiveError(DAMAGED.format(what=f"{name!r} ends too early"))
