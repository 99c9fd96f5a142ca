import hashlib
import os
import tempfile
import threading
from pathlib import Path

import pytest

from app.storage import Blob, FolderStorage, WrongDigest


@pytest.fixture
def storage(tmp_path):
    return FolderStorage(tmp_path / "storage")


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(b"weights" * 1000)
    return path


def test_a_blob_is_what_was_put_and_its_digest_is_that_of_its_bytes(storage, source):
    blob = storage.put("runs/r/best-1.safetensors", source)
    assert blob == Blob("runs/r/best-1.safetensors", hashlib.sha256(source.read_bytes()).hexdigest(), 7000)
    assert storage.local(blob.key).read_bytes() == source.read_bytes()


def test_the_source_may_go_afterwards(storage, source):
    blob = storage.put("a/b", source)
    source.unlink()
    assert storage.local(blob.key).stat().st_size == 7000


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="no second file system here")
def test_a_source_on_another_file_system_is_copied(source):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        storage = FolderStorage(Path(elsewhere))
        blob = storage.put("a/b", source)
        assert storage.local("a/b").read_bytes() == source.read_bytes()
        assert blob.size_bytes == 7000


def test_putting_again_replaces_the_whole_blob(storage, source, tmp_path):
    storage.put("a/b", source)
    other = tmp_path / "other"
    other.write_bytes(b"new")
    storage.put("a/b", other)
    assert storage.local("a/b").read_bytes() == b"new"
    assert source.stat().st_size == 7000
    assert [path.name for path in storage.local("a").iterdir()] == ["b"]


def test_a_blob_and_all_below_a_key_can_be_deleted_also_twice(storage, source):
    for key in ("datasets/d/data.bin", "datasets/d/index.bin", "datasets/e/data.bin"):
        storage.put(key, source)
    storage.delete("datasets/e/data.bin")
    storage.delete("datasets/d")
    storage.delete("datasets/d")
    assert not storage.exists("datasets/d")
    assert not storage.exists("datasets/e/data.bin")


def test_bytes_that_are_not_those_that_were_said_are_refused_and_what_was_there_stays(storage, source, tmp_path):
    whole = storage.put("a/b", source)
    broken = tmp_path / "broken"
    broken.write_bytes(b"weight")
    with pytest.raises(WrongDigest, match=whole.digest):
        storage.put("a/b", broken, digest=whole.digest)
    assert storage.local("a/b").read_bytes() == source.read_bytes()
    assert [path.name for path in storage.local("a").iterdir()] == ["b"]
    assert storage.put("a/b", source, digest=whole.digest) == whole


@pytest.mark.parametrize("key", ["", "/etc/passwd", "a/../b", "..", "a//b", "a/", ".hidden", "a b", "a\0b", "ü"])
def test_a_key_that_could_lead_elsewhere_is_refused(storage, source, key):
    for use in (storage.local, storage.exists, storage.delete, lambda k: storage.put(k, source)):
        with pytest.raises(ValueError, match="storage key"):
            use(key)


def test_a_source_that_does_not_exist_leaves_nothing(storage, tmp_path):
    with pytest.raises(OSError, match="nosuch"):
        storage.put("a/b", tmp_path / "nosuch")
    assert list(storage.local("a").iterdir()) == []


def test_eight_that_put_one_key_at_once_leave_one_whole_blob(storage, source):
    threads = [threading.Thread(target=storage.put, args=("a/b", source)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert storage.local("a/b").read_bytes() == source.read_bytes()
    assert [path.name for path in storage.local("a").iterdir()] == ["b"]
