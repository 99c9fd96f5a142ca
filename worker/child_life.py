"""What every child of the worker does, whatever its work: read the assignment, hear SIGTERM, say the last word."""

import logging
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TypeVar

from models.config import ConfigError
from models.packed import PackedError
from models.threads import wait_without_spinning
from models.training.report import Outcome, TrainingError
from worker.messages import (
    LESS_MEMORY,
    LESS_MEMORY_TO_PREDICT,
    MORE_ROOM,
    NO_ROOM,
    Assigned,
    Failed,
    Message,
    Results,
    encode,
)


class DeviceMissing(RuntimeError):
    """The device of the run's plan is not here."""


class Channel:
    """The way to the parent. A full pipe makes the child wait."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "wb", buffering=0)

    def say(self, message: Message) -> None:
        """Send one message. Raises BrokenPipeError when nobody listens any more."""
        data = memoryview(encode(message))
        while data:
            data = data[self._file.write(data) :]


class StopOnSignal:
    """A Stop of training that SIGTERM switches on."""

    def __init__(self) -> None:
        self._reason: str | None = None
        signal.signal(signal.SIGTERM, self._ordered)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer

    def _ordered(self, _number: int, _frame: FrameType | None) -> None:
        self._reason = "ordered"

    def requested(self) -> str | None:
        """See models.training.report.Stop."""
        return self._reason


Given = TypeVar("Given", bound=Assigned)


def live(
    argv: Sequence[str],
    kind: type[Given],
    carry_out: Callable[[Given, Channel, StopOnSignal], Outcome | Results],
    work: str,
) -> int:
    """Carry out the assignment; 0 when the work ended by itself or as told. `work`: Training, Predicting."""
    stop = StopOnSignal()
    given = kind.model_validate_json(Path(argv[0]).read_bytes())
    channel = Channel(int(argv[1]))
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    os.nice(given.nice)
    wait_without_spinning()
    try:
        last_word: Message = carry_out(given, channel, stop)
    except BrokenPipeError:
        return 1
    except Exception as error:
        traceback.print_exc()
        last_word = _failure(error, work)
    channel.say(last_word)
    return 1 if isinstance(last_word, Failed) else 0


def _failure(error: Exception, work: str) -> Failed:
    """How a broken end is told: what would come again is final, want of memory and the unforeseen are not."""
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__ or "can't allocate memory" in str(error):
        less = LESS_MEMORY if work == "Training" else LESS_MEMORY_TO_PREDICT
        detail = f"{str(error).rstrip('.')}. {less}"
        return Failed(final=False, reason="oom", type="out_of_memory", title="Out of memory", detail=detail)
    if isinstance(error, TrainingError | ConfigError | PackedError):
        words = _words(type(error).__name__)
        slug = words.lower().replace(" ", "_")
        return Failed(final=True, reason="error", type=slug, title=words, detail=str(error))
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        detail = f"{error.strerror}. {MORE_ROOM}"
        return Failed(final=False, reason="error", type="disk_full", title="The disk is full", detail=detail)
    if isinstance(error, DeviceMissing):
        title = "The planned device is missing"
        return Failed(final=False, reason="no_device", type="device_missing", title=title, detail=str(error))
    detail = f"{type(error).__name__}: {error}"
    return Failed(final=False, reason="error", type=f"{work.lower()}_error", title=f"{work} broke off", detail=detail)


def _words(name: str) -> str:
    """NonFiniteLoss -> Non finite loss."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()
