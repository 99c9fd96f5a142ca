"""How an attempt ended, as the job's row is told: from the child's last word, its exit code, and what was ordered."""

import signal
from dataclasses import dataclass
from typing import Literal

from app.services.jobs.outcomes import JobEnd, JobError
from models.config.fits import size
from models.training.report import Outcome
from worker.messages import LESS_MEMORY, LESS_MEMORY_TO_PREDICT, MORE_ROOM, NO_ROOM, Failed, Results

Work = Literal["training", "predicting"]
StopFor = Literal["cancel", "pause", "shutdown"]
"""What a child is asked to stop for."""
NEAR = 0.9
"""Of its limit: a child that was seen with so much and then killed was killed for want of memory."""


@dataclass(frozen=True, slots=True)
class HandBack:
    """The job is not done: it is queued again, unless it failed too often, or was cancelled or paused."""

    reason: Literal["handed_back", "lost", "oom", "error"]
    error: JobError | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a child that is gone.

    exit_code: as of subprocess, negative is a signal. starved: the kernel ended a process for want of memory meanwhile.
    log: the last line that the child said to people. peak_bytes: the most memory it was seen with, 0 if never.
    memory_limit: with more than that it was ended.
    """

    last_word: Outcome | Results | Failed | None
    exit_code: int
    starved: bool
    log: str
    peak_bytes: int = 0
    work: Work = "training"
    memory_limit: int | None = None


def ending_of(found: Evidence, ordered: StopFor | None) -> JobEnd | HandBack:
    """What becomes of the job. `ordered`: what the child was asked to stop for, if it was."""
    word = found.last_word
    if isinstance(word, Failed):
        if word.reason == "no_device":
            return HandBack("handed_back")  # the worker's lack: no failure of the run
        error = JobError(word.type, word.title, word.detail)
        return JobEnd("failed", word.reason, error) if word.final else HandBack(word.reason, error)
    if isinstance(word, Results):
        return JobEnd("succeeded", "finished")
    if isinstance(word, Outcome) and word.reason != "stopped":
        return JobEnd("succeeded", "finished", stopped=None if word.reason == "finished" else word.reason)
    if ordered == "cancel":
        return JobEnd("cancelled", "cancelled")
    if ordered is not None or isinstance(word, Outcome):
        return HandBack("handed_back")  # what becomes of it stands in its row: a pause may be withdrawn until then
    return _died(found)


def out_of_time(limit_s: float) -> JobEnd:
    """A run that did not end itself within its budget, nor long after it."""
    detail = (
        f"The run had not ended itself after {limit_s:g} s, far beyond its max_runtime_s: one step, or the validation "
        "after the last, takes longer. Give it more time, or lower valid_size, batch_size or max_length."
    )
    return JobEnd("failed", "error", JobError("out_of_time", "The run overran its time", detail))


def broken_off(error: Exception) -> HandBack:
    """The worker itself could not go on with this attempt: disk full, storage away, a message that is none."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return HandBack("error", JobError("disk_full", "The disk is full", f"{error.strerror}. {MORE_ROOM}"))
    detail = f"{type(error).__name__}: {error}"
    return HandBack("error", JobError("worker_error", "The worker could not carry on the attempt", detail))


_LESS: dict[Work, str] = {
    "training": LESS_MEMORY,
    "predicting": LESS_MEMORY_TO_PREDICT,
}


def _died(found: Evidence) -> HandBack:
    """A child that ended without a last word."""
    said = f" Its last line: {found.log}" if found.log else ""
    if (want := _want_of_memory(found)) is not None:
        return HandBack("oom", JobError("out_of_memory", "Out of memory", f"{want} {_LESS[found.work]}{said}"))
    if found.exit_code == -signal.SIGKILL:
        detail = f"By SIGKILL, not by its worker. If the machine had too little memory: {_LESS[found.work]}{said}"
        return HandBack("lost", JobError(f"{found.work}_killed", f"The {found.work} process was killed", detail))
    how = _name(-found.exit_code) if found.exit_code < 0 else f"exit code {found.exit_code}"
    detail = f"The {found.work} process ended by {how} without a last word.{said}"
    return HandBack("error", JobError(f"{found.work}_crashed", f"The {found.work} process crashed", detail))


def _want_of_memory(found: Evidence) -> str | None:
    """How memory came to end the child; None when it did not.

    The kernel's own count of such ends is told only where a control group has one. Without it, SIGKILL near the limit,
    which nobody here has sent, is taken for the same.
    """
    limit, peak, work = found.memory_limit, found.peak_bytes, found.work
    if limit is not None and peak > limit:
        whose = "OCTET_TRAIN_MEMORY_BYTES, or what the machine grants"
        return f"{work.capitalize()} held {size(peak)} and was ended: its limit is {size(limit)} ({whose})."
    held = f" It was last seen with {size(peak)}." if peak else ""
    if found.starved:
        return f"The kernel ended {work} for want of memory.{held}"
    if found.exit_code == -signal.SIGKILL and limit is not None and peak > limit * NEAR:
        return f"{work.capitalize()} was killed near its limit of {size(limit)}, as the kernel does for memory.{held}"
    return None


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
