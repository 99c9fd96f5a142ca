"""Every kind of archive yields the same files, and what cannot be taken is refused with its reason."""

import bz2
import gzip
import os
import re
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.packed.archives import read_archive, read_files, read_folder
from models.packed.limits import MIB, Limits, Meter
from models.packed.problems import ArchiveError
from tests.models.packed.made import (
    COMPRESS,
    KINDS,
    archive_at,
    archive_bytes,
    read_all,
    tar_bytes,
    tar_member,
    written,
)

NAMES = st.text(st.characters(exclude_characters="/\\\0:", exclude_categories=["Cs"]), min_size=1, max_size=30).filter(
    lambda name: name not in (".", "..") and len(name.encode()) < 200
)
FILES = st.dictionaries(NAMES, st.binary(max_size=2000), max_size=8)
FEW = settings(max_examples=25, deadline=None)
FILES_OF_TWO = {"d/a.txt": b"first", "d/b.txt": b"second " * 300}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("archives")


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(files=FILES)
def test_every_kind_gives_back_names_and_bytes(kind, place, files):
    assert read_all(archive_at(place, kind, files)) == files


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_tar_dialect_gives_back_long_and_foreign_names(form, tmp_path):
    files = {"short": b"1", f"{'deep/' * 15}{'n' * 90}.txt": b"2", "ümläut/名前.bin": b"3" * 513}
    if form != tarfile.USTAR_FORMAT:
        files["x" * 255] = b"4"
    assert read_all(written(tmp_path / "a", tar_bytes(files, form))) == files


def test_folders_and_dot_prefixes_are_only_ways_to_a_file(tmp_path):
    for name, data in FILES_OF_TWO.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(tmp_path / "d", arcname="./d")
    assert read_all(tmp_path / "a.tar") == FILES_OF_TWO


def test_a_name_that_is_not_utf8_is_shown_with_its_bytes(tmp_path):
    archive = tar_bytes({"caf\udce9.txt": b"x"}, tarfile.GNU_FORMAT)
    assert read_all(written(tmp_path / "a", archive)) == {"caf\\xe9.txt": b"x"}


def test_files_that_are_not_taken_are_passed_over(tmp_path):
    for kind in KINDS:
        path = archive_at(tmp_path, kind, {f"f{i}": bytes([i]) * 3000 for i in range(9)})
        entries = read_archive(path, Meter(Limits()))
        taken = {e.path: next(e.chunks)[:1] if int(e.path[1]) % 2 else None for e in entries}
        assert [taken[f"f{i}"] for i in range(9)] == [bytes([i]) if i % 2 else None for i in range(9)]


def test_joined_compressed_streams_are_one(tmp_path):
    plain = tar_bytes(FILES_OF_TWO)
    for compress in COMPRESS.values():
        joined = compress(plain[:700]) + compress(plain[700:])
        assert read_all(written(tmp_path / "a", joined)) == FILES_OF_TWO


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_cut_anywhere_is_refused(kind, tmp_path):
    whole = archive_bytes(kind, {f"f{i}": os.urandom(700) for i in range(4)})
    needed = len(whole) if kind != "tar" else len(whole.rstrip(b"\0"))
    for cut in {*range(1, needed, 97), *range(512, needed, 512)}:
        with pytest.raises(ArchiveError, match=r"truncated|damaged|no archive|no tar|empty"):
            read_all(written(tmp_path / "a", whole[:cut]))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_changed_byte_is_refused_or_leaves_the_files_readable(kind, place, data):
    """No other error than ArchiveError comes of any damage. Under a checksum nothing wrong comes out."""
    whole = bytearray(archive_bytes(kind, FILES_OF_TWO))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        files = read_all(written(place / "a", bytes(whole)))
    except ArchiveError:
        return
    if kind not in ("tar", "zip"):
        assert files == FILES_OF_TWO
    if kind == "zip":
        assert sorted(files.values()) == sorted(FILES_OF_TWO.values())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"ID,kind\na,b\n" * 100, "no archive"),
        (gzip.compress(b"ID,kind\na,b\n" * 100), "no tar archive"),
        (bz2.compress(b"x" * 600), "no tar archive"),
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 600, "damaged"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(600), "7-Zip"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(600), "RAR"),
    ],
    ids=["nothing", "csv", "gzip of csv", "bzip2 of text", "zstd", "7-Zip", "RAR"],
)
def test_what_is_no_archive_is_refused_by_name(content, why, tmp_path):
    with pytest.raises(ArchiveError, match=why) as refusal:
        read_all(written(tmp_path / "upload.tar.gz", content))
    assert re.search(r"send .*\.tar\.zst.* or \.zip|make or send it again", str(refusal.value))


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../a", "a/../../b", "C:/a", "C:\\a", "\\\\host\\a", "a/" * 2100 + "b"],
    ids=lambda n: n[:10],
)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_name_that_leads_elsewhere_is_refused(kind, name, tmp_path):
    with pytest.raises(ArchiveError, match=r"absolute|leads out|at most 4096|a NUL"):
        read_all(archive_at(tmp_path, kind, {name: b"x"}))


@pytest.mark.parametrize(
    ("type", "why"),
    [
        (tarfile.SYMTYPE, "symbolic link"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
        (tarfile.FIFOTYPE, "named pipe"),
        (b"M", "another volume"),
        (b"Q", "unknown type"),
    ],
)
def test_a_tar_member_that_is_no_regular_file_is_refused(type, why, tmp_path):
    with pytest.raises(ArchiveError, match=rf"'inner'.*{why}"):
        read_all(written(tmp_path / "a", tar_member("inner", type=type, linkname="elsewhere")))


def test_a_pax_sparse_file_is_refused(tmp_path):
    archive = tar_member("inner", pax_headers={"GNU.sparse.major": "1"})
    with pytest.raises(ArchiveError, match="sparse"):
        read_all(written(tmp_path / "a", archive))


@pytest.mark.parametrize("size", ["9" * 5000, "9" * 19, "-1", "1.5", ""])
def test_a_pax_size_that_cannot_be_is_refused(size, tmp_path):
    archive = tar_member("inner", pax_headers={"size": size})
    with pytest.raises(ArchiveError, match=r"a pax size|a single file may have"):
        read_all(written(tmp_path / "a", archive))


def test_two_tars_in_one_are_refused(tmp_path):
    with pytest.raises(ArchiveError, match="end mark"):
        read_all(written(tmp_path / "a", tar_bytes({"a": b"1"}) + tar_bytes({"b": b"2"})))


@pytest.mark.parametrize("kind", KINDS)
def test_limits_of_count_size_total_and_ratio_hold(kind, tmp_path):
    files = {f"f{i}": bytes(40_000) for i in range(30)}
    path = archive_at(tmp_path, kind, files)
    limits = {
        "more than 29 entries": Limits(files=29),
        "may have 39999": Limits(file_bytes=39_999),
        "more than 1000000 bytes": Limits(total_bytes=1_000_000),
    }
    if kind != "tar":
        limits["more than 5 times"] = Limits(ratio=5, ratio_from_bytes=1000)
    for why, limit in limits.items():
        with pytest.raises(ArchiveError, match=why):
            read_all(path, limit)
    assert len(read_all(path, Limits(files=30, file_bytes=40_000, total_bytes=2_000_000))) == 30


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    """64 MiB of zeros in 64 KiB: no more than the limit comes out."""
    bomb = gzip.compress(tar_bytes({"zeros": bytes(64 * MIB)}), 9)
    entries = read_archive(written(tmp_path / "a", bomb), Meter(Limits(ratio=10, ratio_from_bytes=4 * MIB), len(bomb)))
    came: list[int] = []
    with pytest.raises(ArchiveError, match="fill disks"):
        came.extend(len(chunk) for entry in entries for chunk in entry.chunks)
    assert sum(came) <= 4 * MIB


def test_a_folder_tree_is_read_in_order_and_its_links_to_files_are_followed(tmp_path):
    (tmp_path / "b" / "c").mkdir(parents=True)
    written(tmp_path / "b" / "c" / "z.txt", "deep")
    written(tmp_path / "a.txt", "top")
    (tmp_path / "l.txt").symlink_to(tmp_path / "a.txt")
    entries = [(e.path, b"".join(e.chunks)) for e in read_folder(tmp_path, Meter(Limits()))]
    assert entries == [("a.txt", b"top"), ("b/c/z.txt", b"deep"), ("l.txt", b"top")]


def test_a_folder_with_a_linked_folder_a_broken_link_or_a_pipe_is_refused(tmp_path):
    for make in (
        lambda path: path.symlink_to(tmp_path),
        lambda path: path.symlink_to(tmp_path / "nowhere"),
        os.mkfifo,
    ):
        make(tmp_path / "odd")
        with pytest.raises(ArchiveError, match="'odd'"):
            list(read_folder(tmp_path, Meter(Limits())))
        (tmp_path / "odd").unlink()


def test_a_list_of_files_takes_the_senders_names_but_never_as_paths(tmp_path):
    path = written(tmp_path / "part-1", "x")
    assert [e.path for e in read_files([("x/a.txt", path)], Meter(Limits()))] == ["x/a.txt"]
    with pytest.raises(ArchiveError, match="leads out"):
        list(read_files([("../a.txt", path)], Meter(Limits())))
    with pytest.raises(ArchiveError, match="no regular file"):
        list(read_files([("a", tmp_path)], Meter(Limits())))
