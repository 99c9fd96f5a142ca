"""Loaded models by the digest of their checkpoint: each loaded once however many ask, the least used leave first."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path

from app.serving.model import Model


@dataclass(frozen=True, slots=True)
class _Entry:
    model: Future[Model]
    size_bytes: int


class ModelCache:
    """Models up to `most_bytes` of checkpoint files, but always the newest one.

    The loads run on `loader`, so that who asks does not wait in a thread of its own.
    """

    def __init__(self, loader: Executor, load: Callable[[Path], Model], *, most_bytes: int) -> None:
        self._loader = loader
        self._load = load
        self._most_bytes = most_bytes
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: str, path: Path) -> Future[Model]:
        """The model of this checkpoint, loading it if need be.

        Raises FileNotFoundError when the checkpoint was replaced meanwhile. A failed load is tried again by
        the next request.
        """
        with self._lock:
            if (entry := self._entries.get(digest)) and not _failed(entry.model):
                self._entries.move_to_end(digest)
                return entry.model
            size_bytes = path.stat().st_size
            future = self._loader.submit(self._load, path)
            self._entries[digest] = _Entry(future, size_bytes)
            self._entries.move_to_end(digest)
            self._make_room()
            return future

    def size(self) -> tuple[int, int]:
        """Models held and the bytes of their checkpoint files."""
        with self._lock:
            return len(self._entries), sum(entry.size_bytes for entry in self._entries.values())

    def _make_room(self) -> None:
        held = sum(entry.size_bytes for entry in self._entries.values())
        while len(self._entries) > 1 and held > self._most_bytes:
            held -= self._entries.popitem(last=False)[1].size_bytes


def _failed(model: Future[Model]) -> bool:
    return model.done() and (model.cancelled() or model.exception() is not None)
