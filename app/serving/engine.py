"""The one thread that computes predictions: what waits for the same model goes through it as one batch."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeAlias

from app.serving.model import Answer, Model

log = logging.getLogger(__name__)

Answers: TypeAlias = list[Answer | Exception]
Observe: TypeAlias = Callable[[int, float], None]
"""Called after each batch with its number of files and its seconds."""

TOKENS = 1 << 18
"""Bytes a batch may hold after padding, so that a model of long inputs does not take the machine's memory."""
SMOOTHING = 0.2
"""Weight of the newest batch in the measured seconds per file."""


@dataclass(eq=False, slots=True)
class _Request:
    model: Model
    files: Sequence[bytes | memoryview]
    future: Future[Answers]
    answers: Answers = field(default_factory=list)
    taken: int = 0


class Engine:
    """A queue of requests and the thread that works it off, fairly: a long request gives way after each batch."""

    def __init__(self, *, batch_files: int, observe: Observe) -> None:
        self._batch_files = batch_files
        self._observe = observe
        self._waiting: deque[_Request] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._seconds_per_file = 0.0
        self._thread = threading.Thread(target=self._work, name="octet-engine", daemon=True)

    def start(self) -> None:
        """Begin to compute."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch at hand, cancel what still waits, end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()
        while self._waiting:
            self._waiting.popleft().future.cancel()

    def submit(self, model: Model, files: Sequence[bytes | memoryview]) -> Future[Answers]:
        """Queue the files; the future gives one answer, or the exception that took its place, per file.

        Cancelling the future takes the request out of the queue.
        """
        future: Future[Answers] = Future()
        with self._changed:
            if self._stopping:
                future.cancel()
            else:
                self._waiting.append(_Request(model, files, future))
                self._changed.notify()
        return future

    def waiting(self) -> tuple[int, int]:
        """Requests and files that wait, those of the batch at hand not counted."""
        with self._changed:
            alive = [request for request in self._waiting if not request.future.cancelled()]
        return len(alive), sum(len(request.files) - request.taken for request in alive)

    @property
    def seconds_per_file(self) -> float:
        """Smoothed time a file takes; 0 before the first batch."""
        return self._seconds_per_file

    def _work(self) -> None:
        while batch := self._take():
            files = [file for request, share in batch for file in share]
            began = time.perf_counter()
            answers = compute(batch[0][0].model, files)
            self._measure(len(files), time.perf_counter() - began)
            done = 0
            for request, share in batch:
                request.answers.extend(answers[done : done + len(share)])
                done += len(share)
                if len(request.answers) == len(request.files) and request.future.set_running_or_notify_cancel():
                    request.future.set_result(request.answers)

    def _take(self) -> list[tuple[_Request, Sequence[bytes | memoryview]]]:
        """Wait for work, then take whatever waits for the first request's model; empty when stopping."""
        with self._changed:
            while not self._stopping:
                self._waiting = deque(request for request in self._waiting if not request.future.cancelled())
                if self._waiting:
                    return self._share_out()
                self._changed.wait()
            return []

    def _share_out(self) -> list[tuple[_Request, Sequence[bytes | memoryview]]]:
        model = self._waiting[0].model
        room = max(1, min(self._batch_files, TOKENS // max(1, model.read(TOKENS))))
        batch, kept, unfinished = [], [], []
        for request in self._waiting:
            if room == 0 or request.model.digest != model.digest:
                kept.append(request)
                continue
            share = request.files[request.taken : request.taken + room]
            room -= len(share)
            request.taken += len(share)
            batch.append((request, share))
            if request.taken < len(request.files):
                unfinished.append(request)
        self._waiting = deque(kept + unfinished)
        return batch

    def _measure(self, files: int, seconds: float) -> None:
        pace = seconds / files
        known = self._seconds_per_file
        self._seconds_per_file = pace if known == 0 else (1 - SMOOTHING) * known + SMOOTHING * pace
        self._observe(files, seconds)


def compute(model: Model, files: Sequence[bytes | memoryview]) -> Answers:
    """One answer per file. A batch that fails is tried file by file, so that one bad file spoils no other's answer."""
    try:
        return list(model.predict(files))
    except Exception as error:
        if len(files) == 1:
            log.exception("a prediction failed", extra={"fields": {"checkpoint": model.digest}})
            return [error]
    return [answer for file in files for answer in compute(model, [file])]
