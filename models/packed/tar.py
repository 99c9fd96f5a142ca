"""Reads tar as a stream, in constant memory and strictly: a cut archive is refused, never taken for a short one.

Own reader, because the standard library's keeps every member in memory, takes a damaged or cut header in mid-archive
for the end, and is several times slower per member. Formats: v7, ustar, GNU long names and sparse
files, pax (POSIX.1-2017, pax interchange format; GNU tar manual, "Basic Tar Format").
"""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from models.packed.entries import Entry
from models.packed.limits import Meter
from models.packed.names import safe_path, shown
from models.packed.pax import Described
from models.packed.problems import ARCHIVES_TAKEN, ArchiveError
from models.packed.source import Source
from models.packed.sparse import BLOCK, gnu_map, pax_map, refuse_bad_map

_MOST_EXTENSION = 1 << 20
_END = bytes(BLOCK)
_MOST_SUM = BLOCK * 255
_ADLER = 65_521
"""Modulo this, the low half of Adler-32 is 1 + the sum of all bytes, in a tenth of the time of a sum in Python."""
_FOLDER, _SPARSE, _REGULAR = b"5", b"S", (b"", b"0", b"7")
_EXTENSIONS = (b"L", b"K", b"x", b"X", b"g")
_REFUSED = {
    b"1": "a hard link; pack with tar --hard-dereference",
    b"2": "a symbolic link; pack with tar --dereference",
    b"3": "a device; leave it out",
    b"4": "a device; leave it out",
    b"6": "a named pipe; leave it out",
    b"M": "a part of a file that goes on in another volume; pack it as one archive",
}


class _Header(NamedTuple):
    name: bytes
    size: int
    kind: bytes


def read_tar(source: Source, meter: Meter) -> Iterator[Entry]:
    """The regular files of a tar stream. An entry's bytes must be taken before the next entry, or are passed over.

    The holes of sparse files are filled. Raises ArchiveError for damage, truncation, unsafe names, links and devices.
    """
    described, first = Described(), True
    entry: Entry | None
    while (block := source.take(BLOCK)) != _END:
        header = _header(block, source.position - BLOCK, first)
        first = False
        if header.kind in _EXTENSIONS:
            described.take(header.kind, _extension(source, header))
            continue
        stored = header.size if described.size is None else described.size
        end = source.position + (0 if header.kind == _FOLDER else _blocks(stored))  # a folder's size is no data
        if header.kind == _SPARSE or (described.sparse and header.kind in _REGULAR):
            entry, end = _sparse_entry(source, header, block, described, meter)
        else:
            name = header.name if described.name is None else described.name
            entry = _entry(source, _Header(name, stored, header.kind), meter)
        described = Described()
        if entry is not None:
            yield entry
        source.skip_to(end)
    if not described.nothing:
        raise ArchiveError("the archive is damaged (a header that describes no file); make or send it again")
    for piece in source.rest():
        if piece.strip(b"\0"):
            raise ArchiveError("the archive goes on behind its end mark (two archives in one?); send one tar archive")


def is_tar(block: bytes) -> bool:
    """Whether a file that begins like this is a tar archive (also one without files)."""
    return block[:BLOCK] == _END or (len(block) >= BLOCK and _checksum_holds(block[:BLOCK]))


def _header(block: bytes, at: int, first: bool) -> _Header:
    """A header block, checked. Raises ArchiveError."""
    if not _checksum_holds(block):
        if first:
            raise ArchiveError(f"this is no tar archive; {ARCHIVES_TAKEN}")
        raise ArchiveError(f"the archive is damaged at byte {at} of the tar stream; make or send it again")
    name, prefix = block[:100].partition(b"\0")[0], block[345:500].partition(b"\0")[0]
    if prefix and block[257:263] == b"ustar\0":
        name = prefix + b"/" + name
    return _Header(name, _number(block[124:136]), block[156:157].strip(b"\0"))


def _checksum_holds(block: bytes) -> bool:
    """The sum of all bytes, the checksum's own taken as spaces; some old programs summed signed bytes."""
    try:
        stated = _number(block[148:156])
    except ArchiveError:
        return False
    others = stated + sum(block[148:156]) - 8 * 0x20  # what all bytes must sum up to
    if 0 <= others <= _MOST_SUM and (zlib.adler32(block) & 0xFFFF) == (1 + others) % _ADLER:
        return True
    total = sum(block) - sum(block[148:156]) + 8 * 0x20
    negative = sum(byte >> 7 for byte in block[:148] + block[156:])
    return stated == total - 256 * negative


def _number(field: bytes) -> int:
    """A number in octal text, or in base 256 for what octal cannot hold. Raises ArchiveError."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if digits.strip(b"01234567"):
        raise ArchiveError("the archive is damaged (a number in a tar header); make or send it again")
    return int(digits or b"0", 8)


def _blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _extension(source: Source, header: _Header) -> bytes:
    """The data of a header that describes the next one."""
    if header.size > _MOST_EXTENSION:
        raise ArchiveError(f"a tar extension header has {header.size} bytes, more than any name needs")
    end = source.position + _blocks(header.size)
    extension = source.take(header.size)
    source.skip_to(end)
    return extension


def _sparse_entry(
    source: Source, header: _Header, block: bytes, described: Described, meter: Meter
) -> tuple[Entry, int]:
    """A file with holes, and where its data ends."""
    names = described.sparse.get(b"name", [header.name if described.name is None else described.name])
    stored, begin = header.size if described.size is None else described.size, source.position
    name = shown(names[-1])
    if described.sparse:
        sparse = pax_map(described.sparse, source, stored, name)
        stored -= source.position - begin  # the map may stand in the data
    else:
        sparse = gnu_map(block, source, _number, name)
    refuse_bad_map(sparse, stored, name)
    path = safe_path(name)
    meter.entry(name, sparse.size)
    _refuse_nameless(path, name)
    return Entry(path, sparse.filled(source, meter), sparse.holes), source.position + _blocks(stored)


def _entry(source: Source, header: _Header, meter: Meter) -> Entry | None:
    """A regular file, or None for what is passed over. Raises ArchiveError for what is refused."""
    name = shown(header.name)
    is_folder = header.kind in (_FOLDER, b"D") or (header.kind in (b"", b"0") and name.endswith("/"))
    if header.kind in _REFUSED:
        raise ArchiveError(f"{name!r} is {_REFUSED[header.kind]}")
    if header.kind == b"V":
        return None
    if not is_folder and header.kind not in _REGULAR:
        raise ArchiveError(
            f"{name!r} is a tar entry of the unknown type {shown(header.kind)!r}; pack regular files only"
        )
    path = safe_path(name)
    meter.entry(name, header.size)
    if is_folder:
        if header.size and header.kind in (b"", b"0"):
            raise ArchiveError(f"{name!r} is a folder by its name, but has {header.size} bytes; make the archive again")
        return None
    _refuse_nameless(path, name)
    return Entry(path, source.pieces(header.size))


def _refuse_nameless(path: str, name: str) -> None:
    if not path:
        raise ArchiveError(f"a file in the archive has no name ({name!r}); make the archive again")
