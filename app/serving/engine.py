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
from models.inference.portions import TOKENS

log = logging.getLogger(__name__)

Answers: TypeAlias = list[Answer | Exception]
Observe: TypeAlias = Callable[[int, float], None]
"""Called after each batch with its number of files and its seconds."""

SMOOTHING = 0.2
"""Weight of the newest batch in the measured seconds per file."""


@dataclass(eq=False, slots=True)
class _Request:
    model: Model
    files: Sequence[bytes | memoryview]
    future: Future[Answers]
    answers: Answers = field(default_factory=list)
    taken: int = 0

    @property
    def next_cost(self) -> int:
        """Of the next file that is not taken yet; there is one while the request waits."""
        return self.model.cost(len(self.files[self.taken]))


@dataclass(slots=True)
class _Room:
    """What a batch may still take, so that none who asks about a short file waits for a batch of long ones.

    Its first file always fits.
    """

    files: int
    tokens: int = TOKENS
    heavy: bool = False
    empty: bool = True

    def take(self, cost: int) -> bool:
        """Make room for a file, if there is any."""
        if not self.empty and (self.files == 0 or cost > self.tokens):
            return False
        self.heavy = self.heavy or cost > TOKENS
        self.files, self.tokens, self.empty = self.files - 1, self.tokens - cost, False
        return True


class Engine:
    """A queue of requests and the thread that works it off, fairly: a long request gives way after each batch.

    There is one thread, as there is one set of cores: a file under way is computed to its end, and who comes meanwhile
    waits for it. After a file that was too large for a batch, requests of smaller ones go first, so that none of them
    waits for two; and how long one takes is bounded by what a model reads of a file at most.
    """

    def __init__(self, *, batch_files: int, observe: Observe) -> None:
        self._batch_files = batch_files
        self._observe = observe
        self._waiting: deque[_Request] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._seconds_per_file = 0.0
        self._after_heavy = False
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
        first = self._waiting[0]
        if self._after_heavy:
            first = next((request for request in self._waiting if request.next_cost <= TOKENS), first)
        room = _Room(self._batch_files)
        batch, kept, unfinished = [], [], []
        # the first one before the others, that it surely gets a place; for the rest by their turn
        shares = {id(first): _share(first, room)}
        for request in self._waiting:
            if request.model.digest == first.model.digest and request is not first:
                shares[id(request)] = _share(request, room)
        for request in self._waiting:
            if not (share := shares.get(id(request), ())):
                kept.append(request)
                continue
            batch.append((request, share))
            if request.taken < len(request.files):
                unfinished.append(request)
        self._waiting = deque(kept + unfinished)
        self._after_heavy = room.heavy
        return batch

    def _measure(self, files: int, seconds: float) -> None:
        pace = seconds / files
        known = self._seconds_per_file
        self._seconds_per_file = pace if known == 0 else (1 - SMOOTHING) * known + SMOOTHING * pace
        self._observe(files, seconds)


def _share(request: _Request, room: _Room) -> Sequence[bytes | memoryview]:
    """The next files of a request that there is room for, in their order; they are taken."""
    begin = request.taken
    while request.taken < len(request.files) and room.take(request.next_cost):
        request.taken += 1
    return request.files[begin : request.taken]


def compute(model: Model, files: Sequence[bytes | memoryview]) -> Answers:
    """One answer per file. A batch that fails is tried file by file, so that one bad file spoils no other's answer."""
    try:
        return list(model.predict(files))
    except Exception as error:
        if len(files) == 1:
            log.exception("a prediction failed", extra={"fields": {"checkpoint": model.digest}})
            return [error]
    return [answer for file in files for answer in compute(model, [file])]
