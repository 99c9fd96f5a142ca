"""The central directory of a zip: where it is, and what it says of each entry, read piece by piece.

Format: PKWARE APPNOTE 6.3, with zip64; an entry's name in whichever code the system that packed it used.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.packed.names import shown
from models.packed.problems import ArchiveError
from models.packed.source import CHUNK

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_MOST_COMMENT = 1 << 16
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_UTF8 = 0x800
_MSDOS, _UNIX, _NTFS, _MACOS = 0, 3, 10, 19
_UNICODE_PATH = 0x7075
SPLIT_MARK = b"PK\7\x08"
"""How the first part of a split archive begins."""
DAMAGED = "the zip archive is damaged ({what}); make or send it again"
_SPLIT = "the zip archive is split over several files; pack it as one"


@dataclass(frozen=True, slots=True)
class Directory:
    """Where the entries are listed: `begin` to `end` in the file."""

    entries: int
    begin: int
    end: int
    shift: int  # bytes in front of the archive, as in self-extracting ones


@dataclass(frozen=True, slots=True)
class Record:
    """One entry as the directory states it; `mode` 0 where the system that packed it has none."""

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


def find_directory(descriptor: int, size: int) -> Directory:
    """Where the central directory is, by the record at the end of the file. Raises ArchiveError."""
    tail_at = max(0, size - _MOST_COMMENT - _END.size)
    tail = os.pread(descriptor, size - tail_at, tail_at)
    at = _end_record(tail)
    if at < 0:
        split = os.pread(descriptor, 4, 0) == SPLIT_MARK
        raise ArchiveError(_SPLIT if split else "the zip archive has no end: it is truncated; make or send it again")
    _, disk, first_disk, _, entries, length, begin, _ = _END.unpack_from(tail, at)
    end = tail_at + at
    where = end - _LOCATOR64.size - _END64.size
    if where >= 0 and os.pread(descriptor, 4, end - _LOCATOR64.size) == b"PK\6\7":
        record = os.pread(descriptor, _END64.size, where)
        if record[:4] != b"PK\6\6":
            raise ArchiveError(DAMAGED.format(what="its zip64 end record"))
        _, _, _, _, disk, first_disk, _, entries, length, begin = _END64.unpack(record)
        end = where
    if disk or first_disk:
        raise ArchiveError(_SPLIT)
    shift = end - length - begin
    if shift < 0:
        raise ArchiveError(DAMAGED.format(what="its directory lies beyond its end"))
    if shift and os.pread(descriptor, 4, 0) == b"PK\3\4":
        raise ArchiveError("one zip archive stands behind another, or bytes were put into it; send one zip archive")
    return Directory(entries, begin + shift, end, shift)


def _end_record(tail: bytes) -> int:
    """Where the end record is: the last one whose comment fills the file, else the last one; -1 when there is none."""
    found = at = tail.rfind(b"PK\5\6", 0, len(tail) - _END.size + 4)
    while at >= 0:
        if at + _END.size + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail):
            return at
        at = tail.rfind(b"PK\5\6", 0, at + 3)
    return found


def ends_as_zip(path: Path) -> bool:
    """Whether a file has the end of a zip archive, whatever it begins with (a program that unpacks it, say)."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _MOST_COMMENT - _END.size))
        return _end_record(file.read()) >= 0


def records(descriptor: int, directory: Directory) -> Iterator[Record]:
    """The entries of the central directory in turn; it is read piece by piece."""
    window, at, read_to, seen = b"", 0, directory.begin, 0
    while read_to < directory.end or at < len(window):
        if len(window) - at < _CENTRAL.size + 3 * _FULL16 and read_to < directory.end:
            window = window[at:] + os.pread(descriptor, min(CHUNK, directory.end - read_to), read_to)
            read_to, at = min(read_to + CHUNK, directory.end), 0
        if len(window) - at < _CENTRAL.size or window[at : at + 4] != b"PK\1\2":
            raise ArchiveError(DAMAGED.format(what="its directory"))
        fields = _CENTRAL.unpack_from(window, at)
        name_size, extra_size, comment_size = fields[10:13]
        name_at = at + _CENTRAL.size
        at = name_at + name_size + extra_size + comment_size
        if at > len(window):
            raise ArchiveError(DAMAGED.format(what="its directory"))
        seen += 1
        yield _record(fields, window[name_at : name_at + name_size], window[name_at + name_size : at - comment_size])
    if seen != directory.entries and (seen < _FULL16 or seen % (_FULL16 + 1) != directory.entries):
        raise ArchiveError(DAMAGED.format(what=f"its directory has {seen} entries instead of {directory.entries}"))


def _record(fields: tuple[int, ...], raw_name: bytes, extra: bytes) -> Record:
    """One entry of the directory, with what its extra fields add."""
    _, made, _, flags, method, _, _, crc, packed, size, *_, attributes, offset = fields
    made_on, extras = made >> 8, dict(_extras(extra))
    wide = extras.get(1, b"")
    values = [size, packed, offset]
    for i, value in enumerate(values):
        if value == _FULL32:
            if len(wide) < 8:
                raise ArchiveError(DAMAGED.format(what="a zip64 field"))
            values[i], wide = int.from_bytes(wide[:8], "little"), wide[8:]
    size, packed, offset = values
    mode = attributes >> 16 if made_on in (_UNIX, _MACOS) else 0
    name = _name(raw_name, flags, made_on, extras.get(_UNICODE_PATH, b""))
    return Record(raw_name, name, made_on, flags, method, crc, packed, size, mode, offset)


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        yield kind, extra[at + 4 : at + 4 + size]
        at += 4 + size


def _name(raw: bytes, flags: int, made_on: int, unicode_path: bytes) -> str:
    """An entry's name: UTF-8 where it says so or Unix made it so, else code page 437; DOS may write backslashes."""
    if len(unicode_path) > 5 and int.from_bytes(unicode_path[1:5], "little") == zlib.crc32(raw):
        name = shown(unicode_path[5:])
    elif flags & _UTF8:
        name = shown(raw)
    elif made_on in (_UNIX, _MACOS) and _is_utf8(raw):
        name = raw.decode()
    else:
        name = raw.decode("cp437")
    return name.replace("\\", "/") if made_on in (_MSDOS, _NTFS) else name


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
