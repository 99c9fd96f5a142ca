"""The training process: reads its assignment, trains, tells its parent what happens. Knows models and messages alone.

python -m worker.child ASSIGNMENT.json CHANNEL     # number of an inherited file descriptor; messages go out there
"""

import logging
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from models.config import ConfigError, PlanRequest, load_config
from models.packed import PackedDataset, PackedError
from models.threads import wait_without_spinning
from models.training.report import Outcome, Plan, Point, Progress, Saved, TrainingError
from worker.messages import LESS_MEMORY, Assignment, Failed, Message, Points, encode

log = logging.getLogger("octet.training")


class DeviceMissing(RuntimeError):
    """The device of the run's plan is not here."""


class Channel:
    """The way to the parent: a Report of training that writes messages. A full pipe makes training wait."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "wb", buffering=0)

    def say(self, message: Message) -> None:
        """Send one message. Raises BrokenPipeError when nobody listens any more."""
        data = memoryview(encode(message))
        while data:
            data = data[self._file.write(data) :]

    def planned(self, plan: Plan) -> None:
        """See models.training.report.Report."""
        self.say(plan)

    def points(self, points: Sequence[Point]) -> None:
        """See models.training.report.Report."""
        self.say(Points(tuple(points)))

    def progress(self, progress: Progress) -> None:
        """See models.training.report.Report."""
        self.say(progress)

    def saved(self, saved: Saved) -> None:
        """See models.training.report.Report."""
        self.say(saved)


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


def main(argv: Sequence[str]) -> int:
    """Carry out the assignment; 0 when training ended by itself or as told."""
    stop = StopOnSignal()
    given = Assignment.model_validate_json(Path(argv[0]).read_bytes())
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
        last_word = _failure(error)
    channel.say(last_word)
    return 1 if isinstance(last_word, Failed) else 0


def carry_out(given: Assignment, channel: Channel, stop: StopOnSignal) -> Outcome:
    """Train as assigned. Raises DeviceMissing, and TrainingError, ConfigError, PackedError with words to act on."""
    began = time.monotonic()
    from models.training.build import open_job  # here: an assignment that cannot be read shall not wait for torch
    from models.training.device import default_device
    from models.training.loop import train
    from models.training.plan import Memory, choose_for_device

    log.info("run %s, attempt %d, process %d", given.run_id, given.attempt, os.getpid())
    config = load_config(given.config)
    dataset = PackedDataset.open(given.dataset)
    device = given.plan.device if given.plan else default_device()
    if device not in ("cpu", default_device()):
        raise DeviceMissing(f"the run was planned on {device}, and torch finds none here")
    budget_s = given.budget_s[device]
    request = PlanRequest.model_validate(given.plan_request) if given.plan_request else None
    left_s = None if budget_s is None else budget_s - (time.monotonic() - began)
    memory = Memory(given.memory_bytes, fewer_files=given.fewer_files)
    plan = given.plan or choose_for_device(config, dataset, request=request, budget_s=left_s, memory=memory)
    left_s = None if budget_s is None else budget_s - (time.monotonic() - began)
    training = open_job(config, dataset, plan, given.folder, resume=given.resume, deadline_s=left_s)
    log.info("plan: %s", plan.model_dump_json(exclude={"reasons"}))
    log.info("from step %d, %s s left", training.state.step, left_s)
    outcome = train(training, channel, stop)
    log.info("ended at step %d: %s", outcome.step, outcome.reason)
    return outcome


def _failure(error: Exception) -> Failed:
    """How the end of a training is told: what would come again is final, want of memory and the unforeseen are not."""
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__ or "can't allocate memory" in str(error):
        detail = f"{str(error).rstrip('.')}. {LESS_MEMORY}"
        return Failed(final=False, reason="oom", type="out_of_memory", title="Out of memory", detail=detail)
    if isinstance(error, TrainingError | ConfigError | PackedError):
        words = _words(type(error).__name__)
        slug = words.lower().replace(" ", "_")
        return Failed(final=True, reason="error", type=slug, title=words, detail=str(error))
    if isinstance(error, DeviceMissing):
        title = "The planned device is missing"
        return Failed(final=False, reason="no_device", type="device_missing", title=title, detail=str(error))
    detail = f"{type(error).__name__}: {error}"
    return Failed(final=False, reason="error", type="training_error", title="Training broke off", detail=detail)


def _words(name: str) -> str:
    """NonFiniteLoss -> Non finite loss."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
