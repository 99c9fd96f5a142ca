"""The cache loads each checkpoint once, forgets failures, and drops the least used."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.serving.cache import ModelCache
from tests.app.serving.byte_counter import ByteCounter


class Loads:
    """A loader that counts; it waits for `free`."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.free = threading.Event()
        self.free.set()

    def __call__(self, path: Path) -> ByteCounter:
        assert self.free.wait(60)
        self.paths.append(path.name)
        if path.read_bytes() == b"broken":
            raise ValueError("not a checkpoint")
        return ByteCounter(path.name)


@pytest.fixture
def loads() -> Loads:
    return Loads()


@pytest.fixture
def cache(loads: Loads) -> Iterator[ModelCache]:
    with ThreadPoolExecutor(1) as loader:
        yield ModelCache(loader, loads, most_bytes=25)


def checkpoint(tmp_path: Path, name: str, data: bytes = b"0123456789") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_one_load_however_many_ask(cache, loads, tmp_path):
    path = checkpoint(tmp_path, "one")
    loads.free.clear()
    asked = [cache.get("one", path) for _ in range(5)]
    loads.free.set()
    assert len({id(future.result(60)) for future in asked}) == 1
    assert loads.paths == ["one"]
    assert cache.size() == (1, 10)


def test_the_least_used_leaves_first(cache, loads, tmp_path):
    for name in ("one", "two", "one", "three", "two"):
        cache.get(name, checkpoint(tmp_path, name)).result(60)
    assert loads.paths == ["one", "two", "three", "two"]
    assert cache.size() == (2, 20)


def test_a_model_larger_than_the_cache_is_kept_alone(cache, tmp_path):
    cache.get("one", checkpoint(tmp_path, "one")).result(60)
    cache.get("huge", checkpoint(tmp_path, "huge", b"x" * 100)).result(60)
    assert cache.size() == (1, 100)


def test_a_failed_load_is_tried_again(cache, loads, tmp_path):
    path = checkpoint(tmp_path, "one", b"broken")
    with pytest.raises(ValueError, match="not a checkpoint"):
        cache.get("one", path).result(60)
    path.write_bytes(b"whole")
    assert cache.get("one", path).result(60).digest == "one"
    assert loads.paths == ["one", "one"]


def test_a_missing_checkpoint_is_said_at_once(cache, tmp_path):
    with pytest.raises(FileNotFoundError):
        cache.get("gone", tmp_path / "gone")
    assert cache.size() == (0, 0)
