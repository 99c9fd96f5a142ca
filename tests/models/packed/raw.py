"""Tar headers and zip records written field by field, for archives that no library would make."""

import struct
import zlib
from dataclasses import dataclass

END = bytes(1024)


def header(
    name: bytes, size: int = 0, kind: bytes = b"0", *, magic: bytes = b"ustar\x0000", tail: bytes = b""
) -> bytes:
    """One header block; `tail` stands from byte 386 on (old GNU's map of a sparse file)."""
    block = bytearray(512)
    block[:100] = name.ljust(100, b"\0")
    block[100:136] = b"0000644\x00" + b"0000000\x00" * 2 + b"%011o\x00" % size
    block[136:148] = b"%011o\x00" % 0
    block[148:156] = b" " * 8
    block[156:157] = kind or b"\0"
    block[257 : 257 + len(magic)] = magic
    block[386 : 386 + len(tail)] = tail
    block[148:156] = b"%06o\x00 " % sum(block)
    return bytes(block)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def member(name: bytes, data: bytes, kind: bytes = b"0", **more: bytes) -> bytes:
    return header(name, len(data), kind, **more) + padded(data)


def pax(kind: bytes = b"x", /, **records: bytes) -> bytes:
    """A pax header; `_` in a key is a point."""
    text = b"".join(record(key.replace("_", ".").encode(), value) for key, value in records.items())
    return member(b"pax", text, kind)


def record(key: bytes, value: bytes) -> bytes:
    body = b" " + key + b"=" + value + b"\n"
    size = len(body)
    while len(str(size).encode() + body) != size:
        size = len(str(size).encode() + body)
    return str(size).encode() + body


@dataclass
class Zipped:
    """One entry of a zip; `said` fields override what is true."""

    name: bytes
    data: bytes = b""
    made_on: int = 3
    flags: int = 0
    method: int = 0
    extra: bytes = b""
    mode: int = 0o100644
    packed: bytes | None = None
    descriptor: bool = False
    at: int | None = None
    local_name: bytes | None = None


def zipped(*entries: Zipped, comment: bytes = b"", disk: int = 0) -> bytes:
    """A zip of these entries, written with data descriptors where an entry says so (as a stream is)."""
    out, central = b"", b""
    for entry in entries:
        packed = entry.data if entry.packed is None else entry.packed
        crc, sizes = zlib.crc32(entry.data), (len(packed), len(entry.data))
        flags, name = entry.flags | 8 * entry.descriptor, entry.local_name or entry.name
        stated = (0, 0, 0) if entry.descriptor else (crc, *sizes)
        at = len(out) if entry.at is None else entry.at
        if entry.at is None:
            out += struct.pack("<4s5H3L2H", b"PK\3\4", 20, flags, entry.method, 0, 33, *stated, len(name), 0) + name
            out += packed + (struct.pack("<4s3L", b"PK\7\x08", crc, *sizes) if entry.descriptor else b"")
        version, extra = entry.made_on << 8 | 20, entry.extra
        numbers = (version, 20, flags, entry.method, 0, 33, crc, *sizes, len(entry.name), len(extra), 0, 0, 0)
        central += struct.pack("<4s6H3L5H2L", b"PK\1\2", *numbers, entry.mode << 16, at) + entry.name + extra
    ends = (disk, disk, len(entries), len(entries), len(central), len(out), len(comment))
    return out + central + struct.pack("<4s4H2LH", b"PK\5\6", *ends) + comment


def deflated(data: bytes) -> bytes:
    return zlib.compress(data, 9, -15)
