"""Tars as odd programs and odd senders make them: each is read as it was meant, or refused with its reason."""

import bz2
import gzip
import lzma
import struct

import pytest

from models.packed import pack
from models.packed.archives import read_archive
from models.packed.limits import MIB, Limits, Meter
from models.packed.problems import ArchiveError
from models.packed.source import zstd
from tests.models.packed.made import read_all, tar_bytes, written, zip_bytes
from tests.models.packed.raw import END, header, member, padded, pax

A = {"a": b"one"}
PLAIN = member(b"a", b"one")
HOLES = bytes(600) + b"data" + bytes(1000)
SPARSE_DATA = {"GNU_sparse_name": b"h", "GNU_sparse_realsize": b"1604"}
LONG = b"d/" * 70 + b"n" * 115


def gnu_sparse(pieces: list[tuple[int, int]], size: int, *, more: int = 0) -> bytes:
    """The end of an old GNU header, from byte 386 on."""
    fields = b"".join(b"%011o\x00%011o\x00" % piece for piece in pieces)
    return fields.ljust(96, b"\0") + bytes([more]) + b"%011o\x00" % size


MANY = [(1024 * i, 2) for i in range(1, 30)]
MANY_HOLES = bytes(2) + (bytes(1022) + b"xy") * 29
EXTENDED = b"".join(b"%011o\x00%011o\x00" % piece for piece in MANY[4:25]).ljust(504, b"\0") + b"\1" + bytes(7)
LAST = b"".join(b"%011o\x00%011o\x00" % piece for piece in MANY[25:]).ljust(512, b"\0")

READ = {
    "v7, without a magic": (member(b"a", b"one", b"", magic=b"") + END, A),
    "v7 folder by its name": (member(b"d/", b"", b"", magic=b"") + PLAIN + END, A),
    "a folder whose size is no data": (header(b"d/", 4096, b"5") + PLAIN + END, A),
    "contiguous file": (member(b"a", b"one", b"7") + END, A),
    "GNU long name": (member(b"././@LongLink", LONG + b"\0", b"L") + PLAIN + END, {LONG.decode(): b"one"}),
    "GNU long link name before a file": (member(b"././@LongLink", b"x\0", b"K") + PLAIN + END, A),
    "pax long name": (pax(path=LONG) + PLAIN + END, {LONG.decode(): b"one"}),
    "pax name that is not UTF-8": (pax(path=b"caf\xe9") + PLAIN + END, {"caf\\xe9": b"one"}),
    "name of 255 bytes": (pax(path=b"n" * 255) + PLAIN + END, {"n" * 255: b"one"}),
    "name with a line end": (member(b"a\nb", b"one") + END, {"a\nb": b"one"}),
    "name with spaces": (member(b" a b ", b"one") + END, {" a b ": b"one"}),
    "name with a backslash": (member(b"d\\a", b"one") + END, {"d\\a": b"one"}),
    "global comment (git archive)": (pax(b"g", comment=b"c0ffee") + PLAIN + END, A),
    "volume label": (member(b"backup of May", b"", b"V") + PLAIN + END, A),
    "pax size over the header's": (pax(size=b"3") + header(b"a", 0) + padded(b"one") + END, A),
    "two slashes and points in a name": (member(b".//./d//a", b"one") + END, {"d/a": b"one"}),
    "file and folder of one name": (PLAIN + member(b"a/b", b"2") + END, {"a": b"one", "a/b": b"2"}),
    "one end block only": (PLAIN + END[:512], A),
    "zeros behind the end": (PLAIN + END + bytes(20_000), A),
    "old GNU sparse": (member(b"h", b"data", b"S", tail=gnu_sparse([(600, 4), (1604, 0)], 1604)) + PLAIN + END,
                       {"h": HOLES, **A}),
    "old GNU sparse with more map": (
        header(b"h", 58, b"S", tail=gnu_sparse(MANY[:4], 29 * 1024 + 2, more=1)) + EXTENDED + LAST
        + padded(b"xy" * 29) + PLAIN + END, {"h": MANY_HOLES, **A}),
    "pax sparse 0.1": (pax(GNU_sparse_size=b"1604", GNU_sparse_map=b"600,4,1604,0", GNU_sparse_name=b"h")
                       + member(b"GNUSparseFile.1/h", b"data") + PLAIN + END, {"h": HOLES, **A}),
    "pax sparse 1.0": (pax(GNU_sparse_major=b"1", GNU_sparse_minor=b"0", **SPARSE_DATA)
                       + member(b"GNUSparseFile.1/h", padded(b"2\n600\n4\n1604\n0\n") + b"data") + PLAIN + END,
                       {"h": HOLES, **A}),
    "nothing but a hole": (pax(GNU_sparse_size=b"9", GNU_sparse_map=b"") + member(b"h", b"") + END, {"h": bytes(9)}),
    "empty file": (member(b"e", b"") + END, {"e": b""}),
    "no files": (END, {}),
    "an archive in an archive": (member(b"inner.zip", zip_bytes(A)) + END, {"inner.zip": zip_bytes(A)}),
    "zstd behind a skippable frame (pzstd)": (
        struct.pack("<4sL", b"\x50\x2a\x4d\x18", 4) + b"\0\0\0\0" + zstd.compress(PLAIN + END), A),
    "many gzip members": (b"".join(gzip.compress((PLAIN + END)[at : at + 100]) for at in range(0, 2048, 100)), A),
    "empty gzip members between": (gzip.compress(b"") * 500 + gzip.compress(PLAIN + END) + gzip.compress(b"") * 500, A),
    "zeros behind a gzip member": (gzip.compress(PLAIN + END) + bytes(512), A),
}  # fmt: skip

REFUSED = {
    "global name": (pax(b"g", path=b"x") + PLAIN + END, "global pax header"),
    "global size": (pax(b"g", size=b"3") + PLAIN + END, "global pax header"),
    "hard link": (header(b"l", 0, b"1") + END, "'l' is a hard link; pack with tar --hard-dereference"),
    "symbolic link": (header(b"l", 0, b"2") + END, "'l' is a symbolic link; pack with tar --dereference"),
    "character device": (header(b"tty", 0, b"3") + END, "'tty' is a device; leave it out"),
    "block device": (header(b"sda", 0, b"4") + END, "'sda' is a device; leave it out"),
    "named pipe": (header(b"p", 0, b"6") + END, "'p' is a named pipe; leave it out"),
    "part of a volume": (header(b"a", 0, b"M") + END, "goes on in another volume"),
    "unknown type": (header(b"a", 0, b"Q") + END, "the unknown type 'Q'"),
    "absolute name": (member(b"/etc/passwd", b"x") + END, "'/etc/passwd' is absolute; pack .* relative names"),
    "name above": (member(b"../a", b"x") + END, r"leads out of the archive \('\.\.'\)"),
    "name above in the middle": (member(b"d/../../a", b"x") + END, "leads out"),
    "name above with backslashes": (member(b"..\\a", b"x") + END, "leads out"),
    "folder above": (header(b"../d/", 0, b"5") + END, "leads out"),
    "drive letter": (member(b"C:/a", b"x") + END, "is absolute"),
    "drive letter with backslash": (member(b"c:\\a", b"x") + END, "is absolute"),
    "share of a network": (member(b"\\\\host\\a", b"x") + END, "is absolute"),
    "pax name above": (pax(path=b"d/../../x") + PLAIN + END, "leads out"),
    "name with NUL in pax": (pax(path=b"a\0b") + PLAIN + END, "a NUL character"),
    "no name": (member(b"", b"x") + END, "has no name"),
    "only a point as name": (member(b"./.", b"x") + END, "has no name"),
    "a folder by its name with data": (member(b"d/", b"data") + END, "a folder by its name, but has 4 bytes"),
    "endless name": (member(b"l", b"n" * 5000, b"L") + PLAIN + END, "has 5000 characters, at most 4096"),
    "endless extension": (header(b"x", 2 * MIB, b"x") + bytes(2 * MIB) + END, "more than any name needs"),
    "size of an exabyte": (pax(size=b"9" * 19) + PLAIN + END, "a single file may have"),
    "size that is no number": (PLAIN[:124] + b"zzz" + PLAIN[127:] + END, "no archive"),
    "header of no file": (pax(path=b"x") + END, "describes no file"),
    "pax record without end": (member(b"p", b"99 path=x\n", b"x") + PLAIN + END, "a pax record"),
    "pax record of no length": (member(b"p", b"path=x\n", b"x") + PLAIN + END, "a pax record"),
    "no end mark": (PLAIN, "truncated"),
    "cut in a header": (PLAIN + PLAIN[:100], "truncated"),
    "cut in a file": (PLAIN + header(b"b", 2000) + bytes(1024), "truncated"),
    "cut gzip": (gzip.compress(tar_bytes(A))[:-5], "truncated"),
    "wrong gzip checksum": (gzip.compress(tar_bytes(A))[:-8] + bytes(8), "damaged"),
    "garbage in the middle": (PLAIN + b"\xff" * 512 + END, "damaged at byte 1024"),
    "garbage behind the end": (PLAIN + END + b"hello", "goes on behind its end mark"),
    "garbage behind gzip": (gzip.compress(PLAIN + END) + b"hello hello hello", "damaged"),
    "two tars in one file": (PLAIN + END + PLAIN + END, "two archives in one"),
    "gzip in gzip": (gzip.compress(gzip.compress(PLAIN + END)), "was compressed twice; .* compressed once"),
    "zip in gzip": (gzip.compress(zip_bytes({"a": b"x" * 999})), r"a zip archive that was compressed once more"),
    "one gzipped file": (gzip.compress(b"some text " * 99), "a single compressed file and no tar archive; send"),
    "sparse map out of order": (
        pax(GNU_sparse_size=b"99", GNU_sparse_map=b"50,2,10,2") + member(b"h", b"data") + END, "map of the sparse"),
    "sparse map beyond the file": (
        pax(GNU_sparse_size=b"99", GNU_sparse_map=b"98,4") + member(b"h", b"data") + END, "map of the sparse"),
    "sparse map of other data": (
        pax(GNU_sparse_size=b"99", GNU_sparse_map=b"9,3") + member(b"h", b"data") + END, "map of the sparse"),
    "sparse map without end": (
        pax(GNU_sparse_major=b"1", **SPARSE_DATA) + member(b"h", b"9999\n1\n") + END, "map of the sparse"),
    "sparse name above": (pax(GNU_sparse_size=b"4", GNU_sparse_map=b"0,4", GNU_sparse_name=b"../h")
                          + member(b"h", b"data") + END, "leads out"),
    "sparse bomb by size": (
        pax(GNU_sparse_size=b"9" * 15, GNU_sparse_map=b"") + member(b"h", b"") + END, "a single file may have"),
    "sparse bomb by ratio": (
        pax(GNU_sparse_size=b"%d" % (9 << 30), GNU_sparse_map=b"") + member(b"h", b"") + END, "made to fill disks"),
    "lz4": (b"\x04\x22\x4d\x18" + bytes(600), "a file of lz4, which is not read; send"),
    "lzma without xz": (lzma.compress(PLAIN + END, lzma.FORMAT_ALONE), "a file of the old .lzma format, which"),
    "tar.xz with garbage behind": (lzma.compress(PLAIN + END) + b"hello hello hello", "damaged"),
    "cut tar.xz": (lzma.compress(PLAIN + END)[:-6], "truncated"),
    "cut tar.bz2": (bz2.compress(PLAIN + END)[:-6], "truncated"),
    "cut tar.zst": (zstd.compress(PLAIN + END)[:-3], "truncated"),
    "bzip2 in xz": (lzma.compress(bz2.compress(PLAIN + END)), "was compressed twice"),
    "cpio": (b"070701" + bytes(600), "a file of cpio"),
    "a web page": (b"<!DOCTYPE html>" + b" " * 600, "no archive .*DOCTYP"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "files"), READ.values(), ids=READ)
def test_an_odd_tar_is_read_as_it_was_meant(content, files, tmp_path):
    assert read_all(written(tmp_path / "a", content)) == files


@pytest.mark.parametrize(("content", "why"), REFUSED.values(), ids=REFUSED)
def test_a_tar_that_cannot_be_taken_is_refused_with_its_reason(content, why, tmp_path):
    entries = read_archive(written(tmp_path / "a", content), Meter(Limits(), len(content)))
    with pytest.raises(ArchiveError, match=why):
        sum(len(chunk) for entry in entries for chunk in entry.chunks)  # not kept: a bomb is among them


def test_a_member_that_comes_twice_is_refused_in_a_pack(tmp_path):
    archive = written(tmp_path / "a", PLAIN + member(b"a", b"two") + END)
    labels = written(tmp_path / "l.csv", "ID,k\na,x\n")
    with pytest.raises(ValueError, match=r"'a' comes twice.*keep one of them"):
        pack(tmp_path / "p", labels=labels, archive=archive)


@pytest.mark.parametrize("by", ["table", "folder"])
def test_sparse_and_empty_files_are_named_as_problems(by, tmp_path):
    """The sparse one is packed whole, the empty one is left out, and both are said."""
    sparse = pax(GNU_sparse_size=b"1604", GNU_sparse_map=b"600,4", GNU_sparse_name=b"x/h") + member(b"h", b"data")
    archive = written(tmp_path / "a", sparse + member(b"x/e", b"") + member(b"y/a", b"one") + END)
    if by == "table":
        labels = written(tmp_path / "l.csv", "ID,k\nh,x\ne,x\na,y\n")
        done = pack(tmp_path / "p", labels=labels, archive=archive)
    else:
        done = pack(tmp_path / "p", folder_labels="k", archive=archive)
    assert {p.kind for p in done.problems} == {"sparse_file", "empty_file"}
    assert "'x/h' is sparse: 1600 of its bytes are holes" in next(p.detail for p in done.problems)
    assert [done.dataset.read(i).tobytes() for i in range(2)] in ([b"one", HOLES], [HOLES, b"one"])
