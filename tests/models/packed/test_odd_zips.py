"""Zips as odd programs and odd senders make them: each is read as it was meant, or refused with its reason."""

import struct
import zipfile
import zlib

import pytest

from models.packed.limits import Limits
from models.packed.problems import ArchiveError
from tests.models.packed.made import read_all, written, zip_bytes
from tests.models.packed.raw import Zipped, deflated, zipped

A = {"a": b"one"}
ONE = Zipped(b"a", b"one")
BIG = b"many words " * 5000
UNICODE_PATH = struct.pack("<HHBL", 0x7075, 5 + len("é.txt".encode()), 1, zlib.crc32(b"xx.txt")) + "é.txt".encode()
STALE_PATH = UNICODE_PATH[:5] + bytes(4) + UNICODE_PATH[9:]

READ = {
    "stored": (zipped(ONE), A),
    "deflated": (zipped(Zipped(b"a", BIG, method=8, packed=deflated(BIG))), {"a": BIG}),
    "written as a stream": (
        zipped(Zipped(b"a", BIG, method=8, packed=deflated(BIG), descriptor=True), Zipped(b"b")), {"a": BIG, "b": b""}),
    "behind a program": (b"MZ" + bytes(3000) + zipped(ONE), A),
    "behind a script": (b"#!/bin/sh\nexit\n" + zipped(ONE), A),
    "with a comment": (zipped(ONE, comment=b"made by hand"), A),
    "with an end mark in the comment": (zipped(ONE, comment=b"PK\5\6" + bytes(30)), A),
    "bytes behind its end": (zipped(ONE) + b"\r\n" * 20, A),
    "no entries": (zipped(), {}),
    "a folder entry": (zipped(Zipped(b"d/", mode=0o40755), Zipped(b"d/a", b"one")), {"d/a": b"one"}),
    "a folder of Windows": (zipped(Zipped(b"d\\", made_on=0), Zipped(b"d\\a", b"one", 0)), {"d/a": b"one"}),
    "backslashes beside UTF-8": (zipped(Zipped("é\\a".encode(), b"one", 0, 0x800)), {"é/a": b"one"}),
    "code page 437": (zipped(Zipped("ünïx.txt".encode("cp437"), b"1", 0)), {"ünïx.txt": b"1"}),
    "UTF-8 with its flag": (zipped(Zipped("名前".encode(), b"1", 0, 0x800)), {"名前": b"1"}),
    "UTF-8 without its flag, from a Mac": (zipped(Zipped("e\u0301".encode(), b"1", 3)), {"e\u0301": b"1"}),
    "UTF-8 flag on what is not": (zipped(Zipped(b"caf\xe9", b"1", 3, 0x800)), {"caf\\xe9": b"1"}),
    "unicode path": (zipped(Zipped(b"xx.txt", b"1", 0, extra=UNICODE_PATH)), {"é.txt": b"1"}),
    "unicode path of another name": (zipped(Zipped(b"xx.txt", b"1", 0, extra=STALE_PATH)), {"xx.txt": b"1"}),
    "name with a line end": (zipped(Zipped(b"a\nb", b"1")), {"a\nb": b"1"}),
    "name of 255 bytes": (zipped(Zipped(b"n" * 255, b"1")), {"n" * 255: b"1"}),
    "executable": (zipped(Zipped(b"a", b"one", mode=0o100755)), A),
    "an archive in an archive": (zipped(Zipped(b"in.zip", zipped(ONE))), {"in.zip": zipped(ONE)}),
    "an empty file": (zipped(Zipped(b"e")), {"e": b""}),
    "more entries than 16 bits count": (
        zip_bytes(((f"{i:05d}", b"") for i in range(65_540)), zipfile.ZIP_STORED),
        {f"{i:05d}": b"" for i in range(65_540)}),
}  # fmt: skip

REFUSED = {
    "encrypted": (zipped(Zipped(b"s", b"x" * 20, flags=1)), "'s' is encrypted; pack the files without a password"),
    "encrypted by AES": (zipped(Zipped(b"s", b"x" * 20, flags=1, method=99)), "is encrypted"),
    "encrypted strongly": (zipped(Zipped(b"s", b"x" * 20, flags=0x41)), "is encrypted"),
    "hidden directory": (zipped(Zipped(b"s", b"x" * 20, flags=0x2000)), "is encrypted"),
    "Deflate64": (zipped(Zipped(b"a", b"x", method=9)), "zip method 9 .Deflate64.*use deflate"),
    "bzip2": (zip_bytes({"a": b"x" * 99}, zipfile.ZIP_BZIP2), "zip method 12 .bzip2.; use deflate"),
    "LZMA": (zip_bytes({"a": b"x" * 99}, zipfile.ZIP_LZMA), "zip method 14 .LZMA.; use deflate"),
    "zstd": (zipped(Zipped(b"a", b"x", method=93)), "zip method 93 .zstd."),
    "an unknown method": (zipped(Zipped(b"a", b"x", method=77)), "zip method 77; use deflate"),
    "symbolic link": (zipped(Zipped(b"l", b"/etc/passwd", mode=0o120777)), "'l' is a symbolic link"),
    "device": (zipped(Zipped(b"d", mode=0o20666)), "'d' is no regular file"),
    "absolute name": (zipped(Zipped(b"/a", b"x")), "is absolute"),
    "drive letter": (zipped(Zipped(b"C:\\a", b"x", 0)), "is absolute"),
    "name above": (zipped(Zipped(b"../a", b"x")), "leads out"),
    "name above with backslashes": (zipped(Zipped(b"..\\..\\a", b"x", 0)), "leads out"),
    "name above in the unicode path": (
        zipped(Zipped(b"x", b"1", extra=struct.pack("<HHBL4s", 0x7075, 9, 1, zlib.crc32(b"x"), b"../x"))), "leads out"),
    "no name": (zipped(Zipped(b"", b"x")), "has no name"),
    "NUL in a name": (zipped(Zipped(b"a\0b", b"x")), "a NUL character"),
    "split, last part": (zipped(ONE, disk=3), "split over several files; pack it as one"),
    "split, first part": (b"PK\7\x08" + zipped(ONE)[:60], "split over several files; pack it as one"),
    "truncated": (zipped(ONE)[:-30], "truncated"),
    "two zips in one file": (zipped(ONE) + zipped(Zipped(b"b", b"2"), ONE), "stands behind another"),
    "overlapping entries": (
        zipped(ONE, *(Zipped(b"%d" % i, b"one", at=0, local_name=b"a") for i in range(9))), "its entries overlap"),
    "another name in the local header": (zipped(Zipped(b"a", b"1", local_name=b"b")), "is not where its directory"),
    "a wrong checksum": (zipped(ONE).replace(b"one", b"ONE"), "another size or checksum"),
    "a broken deflate stream": (zipped(Zipped(b"a", BIG, method=8, packed=b"\xff" * 50)), "damaged"),
    "a cut deflate stream": (zipped(Zipped(b"a", BIG, method=8, packed=deflated(BIG)[:-9])), "ends too early|size"),
    "more than it states": (zipped(Zipped(b"a", b"x" * 9, method=8, packed=deflated(BIG))), "another size"),
    "bomb": (zip_bytes({f"{i}": bytes(1 << 20) for i in range(20)}), "made to fill disks"),
    "too many entries": (zip_bytes({f"{i}": b"" for i in range(101)}), "more than 100 entries"),
}  # fmt: skip
SMALL = Limits(files=100, ratio=100, ratio_from_bytes=1 << 20)


@pytest.mark.parametrize(("content", "files"), READ.values(), ids=READ)
def test_an_odd_zip_is_read_as_it_was_meant(content, files, tmp_path):
    assert read_all(written(tmp_path / "a", content)) == files


@pytest.mark.parametrize(("content", "why"), REFUSED.values(), ids=REFUSED)
def test_a_zip_that_cannot_be_taken_is_refused_with_its_reason(content, why, tmp_path):
    with pytest.raises(ArchiveError, match=why):
        read_all(written(tmp_path / "a", content), SMALL)
