"""Reads tar as a stream, in constant memory and strictly: a cut archive is refused, never taken for a short one.

Own reader, because the standard library's keeps every member in memory, takes a damaged or cut header in mid-archive
for the end, and is several times slower per member. Formats: v7, ustar, GNU long names, pax
(POSIX.1-2017, pax interchange format; GNU tar manual, "Basic Tar Format").
"""

from collections.abc import Iterator
from typing import NamedTuple

from models.packed.entries import Entry
from models.packed.limits import Meter
from models.packed.names import safe_path, shown
from models.packed.problems import ARCHIVES_TAKEN, ArchiveError
from models.packed.source import Source

BLOCK = 512
_MOST_EXTENSION = 1 << 20
_END = bytes(BLOCK)
_REFUSED = {
    b"1": "a hard link; pack with tar --hard-dereference",
    b"2": "a symbolic link; pack with tar --dereference",
    b"3": "a device; leave it out",
    b"4": "a device; leave it out",
    b"6": "a named pipe; leave it out",
    b"S": "a sparse file; pack without tar --sparse",
    b"M": "a part of a file that goes on in another volume; pack it as one archive",
}


class _Header(NamedTuple):
    name: bytes
    size: int
    kind: bytes


def read_tar(source: Source, meter: Meter) -> Iterator[Entry]:
    """The regular files of a tar stream. An entry's bytes must be taken before the next entry, or are passed over.

    Raises ArchiveError for damage, truncation, unsafe names, links, devices and sparse files.
    """
    name, size, first = None, None, True
    while (block := source.take(BLOCK)) != _END:
        header = _header(block, source.position - BLOCK, first)
        first = False
        if header.kind in b"LKxgX" and header.kind:
            extension = _extension(source, header)
            if header.kind == b"L":
                name = extension.partition(b"\0")[0]
            elif header.kind in b"xX":
                name, size = _pax(extension, name, size)
            elif header.kind == b"g":
                _refuse_global(extension)
            continue
        header = _Header(header.name if name is None else name, header.size if size is None else size, header.kind)
        name = size = None
        end = source.position + _blocks(header.size)
        entry = _entry(source, header, meter)
        if entry is not None:
            yield entry
        source.skip_to(end)
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
    total = sum(block) - sum(block[148:156]) + 8 * 0x20
    if stated == total:
        return True
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


def _pax(records: bytes, name: bytes | None, size: int | None) -> tuple[bytes | None, int | None]:
    """Name and size as pax records state them. Raises ArchiveError for malformed records and sparse files."""
    for key, value in _records(records):
        if key == b"path":
            name = value
        elif key == b"size":
            if not value.isdigit() or len(value) > 20:
                raise ArchiveError(f"the archive is damaged (a pax size of {shown(value[:40])!r}); make it again")
            size = int(value)
        elif key.startswith(b"GNU.sparse."):
            raise ArchiveError(f"the archive holds {_REFUSED[b'S']}")
    return name, size


def _records(records: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each pax record, `LENGTH KEY=VALUE\\n`."""
    at = 0
    while at < len(records):
        space = records.find(b" ", at, at + 20)
        digits = records[at:space] if space > 0 else b""
        end = at + int(digits) if digits.isdigit() else -1
        key, equals, value = records[space + 1 : end - 1].partition(b"=")
        if not space < end <= len(records) or not equals or records[end - 1 : end] != b"\n":
            raise ArchiveError("the archive is damaged (a pax record); make or send it again")
        yield key, value
        at = end


def _refuse_global(extension: bytes) -> None:
    """Global records are comments in practice (git archive); a name or size for every file makes no sense."""
    if {key for key, _ in _records(extension)} & {b"path", b"size"}:
        raise ArchiveError("a global pax header sets the name or size of all files; make the archive again")


def _entry(source: Source, header: _Header, meter: Meter) -> Entry | None:
    """A regular file, or None for what is passed over. Raises ArchiveError for what is refused."""
    name = shown(header.name)
    is_folder = header.kind in (b"5", b"D") or (header.kind in (b"", b"0") and name.endswith("/"))
    if header.kind in _REFUSED:
        raise ArchiveError(f"{name!r} is {_REFUSED[header.kind]}")
    if header.kind == b"V":
        return None
    if not is_folder and header.kind not in (b"", b"0", b"7"):
        raise ArchiveError(
            f"{name!r} is a tar entry of the unknown type {shown(header.kind)!r}; pack regular files only"
        )
    path = safe_path(name)
    meter.entry(name, header.size)
    if is_folder:
        return None
    if not path:
        raise ArchiveError(f"a file in the archive has no name ({name!r}); make the archive again")
    return Entry(path, source.pieces(header.size))
