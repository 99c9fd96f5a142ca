"""A child's words are stored while it speaks, up to a bound; a storage that fails costs the attempt nothing."""

import logging
from pathlib import Path

import pytest

from app.storage import FolderStorage
from worker.shared_log import MAX_BYTES, MAX_WRITTEN_BYTES, SharedLog, cut_back, store_log

KEY = "runs/a1/log-1.txt"


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "storage")


def stored(storage: FolderStorage) -> bytes:
    return storage.local(KEY).read_bytes()


def test_what_is_stored_does_not_change_with_what_the_child_says_next(tmp_path: Path, storage: FolderStorage):
    written = tmp_path / "log.txt"
    written.write_bytes(b"one\n")
    shared = SharedLog(written, storage, KEY)
    shared.share()
    with written.open("ab") as child:
        child.write(b"two\n")
    assert stored(storage) == b"one\n"
    shared.share()  # too early
    assert stored(storage) == b"one\n"
    store_log(written, storage, KEY)
    assert stored(storage) == b"one\ntwo\n"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["log.txt"]


def test_a_log_that_is_too_long_keeps_its_beginning_and_its_end_and_says_so(tmp_path: Path, storage: FolderStorage):
    written = tmp_path / "log.txt"
    written.write_bytes(b"".join(b"line %07d\n" % i for i in range(200_000)))
    store_log(written, storage, KEY)
    lines = stored(storage).split(b"\n")
    assert len(stored(storage)) <= MAX_BYTES + 100
    assert (lines[0], lines[-2]) == (b"line 0000000", b"line 0199999")
    [gap] = [line for line in lines if not line.startswith(b"line ") and line]
    kept = len(stored(storage)) - len(gap) - 1
    assert gap.startswith(f"[{written.stat().st_size - kept:,} bytes are left out here".encode())


def test_a_log_that_grows_without_end_is_cut_back_where_it_is_written_and_counts_all_that_it_left_out(
    tmp_path: Path, storage: FolderStorage
):
    written, said, each = tmp_path / "log.txt", 0, 100_000
    with written.open("ab") as child:
        for first in range(0, 8 * each, each):
            said += child.write(b"".join(b"line %07d\n" % i for i in range(first, first + each)))
            child.flush()
            cut_back(written)
            assert written.stat().st_size <= MAX_WRITTEN_BYTES
    store_log(written, storage, KEY)
    lines = stored(storage).split(b"\n")
    assert len(stored(storage)) <= MAX_BYTES + 100
    assert (lines[0], lines[-2]) == (b"line 0000000", b"line 0799999")
    [gap] = [line for line in lines if not line.startswith(b"line ") and line]
    kept = len(stored(storage)) - len(gap) - 1
    assert gap.startswith(f"[{said - kept:,} bytes are left out here".encode())


def test_a_log_within_bounds_or_not_there_is_left_as_it_is(tmp_path: Path):
    written = tmp_path / "log.txt"
    cut_back(written)
    assert not written.exists()
    written.write_bytes(b"x" * MAX_WRITTEN_BYTES)
    cut_back(written)
    assert written.read_bytes() == b"x" * MAX_WRITTEN_BYTES


def test_one_endless_line_is_bounded_too(tmp_path: Path, storage: FolderStorage):
    written = tmp_path / "log.txt"
    written.write_bytes(b"x" * (3 * MAX_BYTES))
    store_log(written, storage, KEY)
    assert b"bytes are left out here" in stored(storage)
    assert len(stored(storage)) <= MAX_BYTES + 100


def test_nothing_said_is_nothing_stored_and_a_storage_that_fails_is_told_of(tmp_path: Path, storage, caplog):
    silent = SharedLog(tmp_path / "nothing.txt", storage, KEY)
    silent.share()
    assert not storage.exists(KEY)
    written = tmp_path / "log.txt"
    written.write_bytes(b"one\n")
    (tmp_path / "file").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        SharedLog(written, FolderStorage(tmp_path / "file"), KEY).share()  # a file where its folder should be
    assert "the log could not be stored" in caplog.text
