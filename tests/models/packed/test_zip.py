"""The peculiarities of zip: methods, names, zip64, other archives' prefixes, encryption, lies about sizes."""

import io
import struct
import zipfile

import pytest

from models.packed.limits import Limits, Meter
from models.packed.problems import ArchiveError
from models.packed.zip import read_zip
from tests.models.packed.made import read_all, written, zip_bytes

FILES = {"d/a.txt": b"first", "d/b.txt": b"second " * 300, "empty": b""}


def test_stored_and_deflated_entries_and_folders_are_read(tmp_path):
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        archive = zip_bytes([("d/", b""), *FILES.items()], method)
        assert read_all(written(tmp_path / "a", archive)) == FILES


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_are_refused_with_the_mend(method, tmp_path):
    with pytest.raises(ArchiveError, match="use deflate"):
        read_all(written(tmp_path / "a", zip_bytes({"a": b"x" * 99}, method)))


def test_zip64_fields_are_read(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in FILES.items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(data)
    assert read_all(written(tmp_path / "a", out.getvalue())) == FILES
    assert read_all(written(tmp_path / "b", with_zip64_end(zip_bytes(FILES)))) == FILES


def test_an_offset_beyond_all_files_is_refused(tmp_path):
    """A zip64 offset of 2**64 - 1, which no system call takes."""
    archive = zip_bytes({"a": b"x"})
    central = archive.index(b"PK\1\2")
    end = archive.index(b"PK\5\6")
    record = bytearray(archive[central:end])
    record[30:32] = struct.pack("<H", 12)  # size of the extra field
    record[42:46] = b"\xff" * 4
    record += struct.pack("<HH8s", 1, 8, b"\xff" * 8)
    tail = bytearray(archive[end:])
    tail[12:16] = struct.pack("<L", len(record))
    with pytest.raises(ArchiveError, match="'a' is not where its directory says"):
        read_all(written(tmp_path / "a", archive[:central] + record + tail))


def with_zip64_end(archive: bytes) -> bytes:
    """The same archive with a zip64 end record, as those over 65,535 files or 4 GiB have."""
    at = archive.rindex(b"PK\5\6")
    entries, size, begin = struct.unpack_from("<HLL", archive, at + 10)
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, size, begin)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return archive[:at] + record + locator + end


def test_an_archive_behind_other_bytes_and_before_a_comment_is_read(tmp_path):
    out = io.BytesIO(zip_bytes(FILES))
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"made by hand"
    path = written(tmp_path / "a", b"#!/bin/sh\nexit\n" + out.getvalue())
    assert {e.path: b"".join(e.chunks) for e in read_zip(path, Meter(Limits()))} == FILES


def renamed(archive: bytes, name: bytes, *, made_on: int, utf8: bool = False) -> bytes:
    """The archive of one file xxxx under a raw name of 4 bytes, from another system, with the UTF-8 flag or without."""
    out = bytearray(archive.replace(b"xxxx", name))
    central = out.index(b"PK\1\2")
    out[central + 5] = made_on
    for flags in (out.index(b"PK\3\4") + 6, central + 8):
        out[flags + 1] = 8 if utf8 else 0
    return bytes(out)


@pytest.mark.parametrize(
    ("raw", "made_on", "utf8", "name"),
    [
        ("éö".encode(), 0, True, "éö"),
        ("éö".encode(), 3, False, "éö"),  # macOS and Info-ZIP do not always set the flag
        ("éöab".encode("cp437"), 0, False, "éöab"),
        (b"a\xe9bc", 3, False, "aΘbc"),
        (b"d\\ab", 0, False, "d/ab"),
        (b"d\\ab", 3, False, "d\\ab"),
    ],
)
def test_names_are_read_in_the_code_of_the_system_that_made_them(raw, made_on, utf8, name, tmp_path):
    archive = renamed(zip_bytes({"xxxx": b"1"}), raw, made_on=made_on, utf8=utf8)
    assert read_all(written(tmp_path / "a", archive)) == {name: b"1"}


def test_an_encrypted_entry_is_refused(tmp_path):
    archive = bytearray(zip_bytes({"secret": b"1"}))
    archive[archive.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(ArchiveError, match="'secret' is encrypted; pack the files without a password"):
        read_all(written(tmp_path / "a", bytes(archive)))


def test_a_symbolic_link_is_refused(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        about = zipfile.ZipInfo("link")
        about.create_system, about.external_attr = 3, 0o120777 << 16
        archive.writestr(about, "/etc/passwd")
    with pytest.raises(ArchiveError, match="'link' is a symbolic link"):
        read_all(written(tmp_path / "a", out.getvalue()))


@pytest.mark.parametrize(("field", "what"), [(16, "checksum"), (24, "size")])
def test_a_wrong_checksum_or_size_is_refused(field, what, tmp_path):
    archive = bytearray(zip_bytes({"a": b"x" * 99}))
    archive[archive.index(b"PK\1\2") + field] ^= 1
    with pytest.raises(ArchiveError, match=what):
        read_all(written(tmp_path / "a", bytes(archive)))


def test_a_split_archive_and_a_wrong_count_are_refused(tmp_path):
    for offset, what in ((4, "split"), (10, "instead of")):
        archive = bytearray(zip_bytes(FILES))
        archive[archive.rindex(b"PK\5\6") + offset] += 1
        with pytest.raises(ArchiveError, match=what):
            read_all(written(tmp_path / "a", bytes(archive)))


def test_a_directory_larger_than_one_read_is_read_whole(tmp_path):
    files = {f"{'n' * 200}{i:05d}": b"" for i in range(6000)}
    assert read_all(written(tmp_path / "a", zip_bytes(files, zipfile.ZIP_STORED))) == files
