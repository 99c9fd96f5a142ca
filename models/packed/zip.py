"""Reads zip by its central directory, entry by entry, in constant memory and strictly.

Own reader, because the standard library's keeps an object per entry and trusts the sizes that an entry states.
Format: PKWARE APPNOTE 6.3, with zip64; methods stored and deflate.
"""

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.packed.entries import Entry
from models.packed.limits import Meter
from models.packed.names import safe_path, shown
from models.packed.problems import ArchiveError
from models.packed.source import CHUNK

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MOST_COMMENT = 1 << 16
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_STORED, _DEFLATE = 0, 8
_ENCRYPTED, _UTF8 = 0x1 | 0x40 | 0x2000, 0x800
_MSDOS, _UNIX, _MACOS = 0, 3, 19
_UNICODE_PATH = 0x7075
_DAMAGED = "the zip archive is damaged ({what}); make or send it again"


@dataclass(frozen=True, slots=True)
class _Directory:
    entries: int
    begin: int
    end: int
    shift: int  # bytes in front of the archive, as in self-extracting ones


@dataclass(frozen=True, slots=True)
class _Record:
    raw_name: bytes
    name: str
    made_on: int
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    mode: int
    offset: int


def read_zip(path: Path, meter: Meter) -> Iterator[Entry]:
    """The regular files of a zip. An entry's bytes may be taken or not.

    Raises ArchiveError for damage, truncation, encryption, unsafe names, links and other methods than deflate.
    """
    with path.open("rb") as file:
        descriptor = file.fileno()
        directory = _find_directory(descriptor, os.fstat(descriptor).st_size)
        if directory.entries > meter.limits.files:
            raise ArchiveError(f"the archive has more than {meter.limits.files} entries; split the data set")
        for record in _records(descriptor, directory):
            meter.entry(record.name, record.size)
            inside = safe_path(record.name)
            if record.name.endswith("/"):
                continue
            _refuse(record)
            if not inside:
                raise ArchiveError(f"a file in the archive has no name ({record.name!r}); make the archive again")
            yield Entry(inside, _unpack(descriptor, record, directory, meter))


def _find_directory(descriptor: int, size: int) -> _Directory:
    """Where the central directory is, by the record at the end of the file. Raises ArchiveError."""
    tail_at = max(0, size - _MOST_COMMENT - _END.size)
    tail = os.pread(descriptor, size - tail_at, tail_at)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise ArchiveError("the zip archive has no end: it is truncated; make or send it again")
    _, disk, first_disk, _, entries, length, begin, _ = _END.unpack_from(tail, at)
    end = tail_at + at
    where = end - _LOCATOR64.size - _END64.size
    if where >= 0 and os.pread(descriptor, 4, end - _LOCATOR64.size) == b"PK\6\7":
        record = os.pread(descriptor, _END64.size, where)
        if record[:4] != b"PK\6\6":
            raise ArchiveError(_DAMAGED.format(what="its zip64 end record"))
        _, _, _, _, disk, first_disk, _, entries, length, begin = _END64.unpack(record)
        end = where
    if disk or first_disk:
        raise ArchiveError("the zip archive is split over several files; pack it as one")
    shift = end - length - begin
    if shift < 0:
        raise ArchiveError(_DAMAGED.format(what="its directory lies beyond its end"))
    return _Directory(entries, begin + shift, end, shift)


def _records(descriptor: int, directory: _Directory) -> Iterator[_Record]:
    """The entries of the central directory in turn; it is read piece by piece."""
    window, at, read_to, seen = b"", 0, directory.begin, 0
    while read_to < directory.end or at < len(window):
        if len(window) - at < _CENTRAL.size + 3 * _FULL16 and read_to < directory.end:
            window = window[at:] + os.pread(descriptor, min(CHUNK, directory.end - read_to), read_to)
            read_to, at = min(read_to + CHUNK, directory.end), 0
        if len(window) - at < _CENTRAL.size or window[at : at + 4] != b"PK\1\2":
            raise ArchiveError(_DAMAGED.format(what="its directory"))
        fields = _CENTRAL.unpack_from(window, at)
        name_size, extra_size, comment_size = fields[10:13]
        name_at = at + _CENTRAL.size
        at = name_at + name_size + extra_size + comment_size
        if at > len(window):
            raise ArchiveError(_DAMAGED.format(what="its directory"))
        seen += 1
        yield _record(fields, window[name_at : name_at + name_size], window[name_at + name_size : at - comment_size])
    if seen != directory.entries and (seen < _FULL16 or seen % (_FULL16 + 1) != directory.entries):
        raise ArchiveError(_DAMAGED.format(what=f"its directory has {seen} entries instead of {directory.entries}"))


def _record(fields: tuple[int, ...], raw_name: bytes, extra: bytes) -> _Record:
    """One entry of the directory, with what its extra fields add."""
    _, made, _, flags, method, _, _, crc, packed, size, *_, attributes, offset = fields
    made_on, extras = made >> 8, dict(_extras(extra))
    wide = extras.get(1, b"")
    values = [size, packed, offset]
    for i, value in enumerate(values):
        if value == _FULL32:
            if len(wide) < 8:
                raise ArchiveError(_DAMAGED.format(what="a zip64 field"))
            values[i], wide = int.from_bytes(wide[:8], "little"), wide[8:]
    size, packed, offset = values
    mode = attributes >> 16 if made_on in (_UNIX, _MACOS) else 0
    name = _name(raw_name, flags, made_on, extras.get(_UNICODE_PATH, b""))
    return _Record(raw_name, name, made_on, flags, method, crc, packed, size, mode, offset)


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        yield kind, extra[at + 4 : at + 4 + size]
        at += 4 + size


def _name(raw: bytes, flags: int, made_on: int, unicode_path: bytes) -> str:
    """An entry's name: UTF-8 where it says so or Unix made it so, else code page 437; DOS may write backslashes."""
    if len(unicode_path) > 5 and int.from_bytes(unicode_path[1:5], "little") == zlib.crc32(raw):
        return shown(unicode_path[5:])
    if flags & _UTF8:
        return shown(raw)
    if made_on in (_UNIX, _MACOS):
        try:
            return raw.decode()
        except UnicodeDecodeError:
            pass
    name = raw.decode("cp437")
    return name.replace("\\", "/") if made_on == _MSDOS else name


def _refuse(record: _Record) -> None:
    """Raise ArchiveError for what is no plain, readable, regular file."""
    if record.flags & _ENCRYPTED:
        raise ArchiveError(f"{record.name!r} is encrypted; pack the files without a password")
    if record.mode and stat.S_IFMT(record.mode) not in (0, stat.S_IFREG):
        what = "a symbolic link" if stat.S_ISLNK(record.mode) else "no regular file"
        raise ArchiveError(f"{record.name!r} is {what}; pack the file itself")
    if record.method not in (_STORED, _DEFLATE):
        raise ArchiveError(f"{record.name!r} is packed with zip method {record.method}; use deflate (plain zip)")


def _unpack(descriptor: int, record: _Record, directory: _Directory, meter: Meter) -> Iterator[bytes]:
    """The bytes of one entry; length and checksum are checked at its end. Raises ArchiveError."""
    at = record.offset + directory.shift
    header = os.pread(descriptor, _LOCAL.size + len(record.raw_name), min(at, directory.begin))
    if len(header) < _LOCAL.size or header[:4] != b"PK\3\4" or header[_LOCAL.size :] != record.raw_name:
        raise ArchiveError(_DAMAGED.format(what=f"{record.name!r} is not where its directory says"))
    *_, name_size, extra_size = _LOCAL.unpack_from(header)
    begin = at + _LOCAL.size + name_size + extra_size
    if begin + record.packed > directory.begin:
        raise ArchiveError(_DAMAGED.format(what=f"{record.name!r} reaches into its directory"))
    packed = _stored(descriptor, begin, record.packed)
    left, crc = record.size, 0
    for chunk in packed if record.method == _STORED else _inflate(packed, record.name):
        meter.unpacked(len(chunk))
        left, crc = left - len(chunk), zlib.crc32(chunk, crc)
        if left < 0:
            break
        yield chunk
    if left or crc != record.crc:
        raise ArchiveError(_DAMAGED.format(what=f"{record.name!r} has another size or checksum than stated"))


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
        raise ArchiveError(_DAMAGED.format(what=f"{name!r}: {error}")) from error
    if not inflater.eof:
        raise ArchiveError(_DAMAGED.format(what=f"{name!r} ends too early"))
