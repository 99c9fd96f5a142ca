"""What the worker and its child, the process that trains or predicts, say to each other.

    who      how                    what
    parent   file, once             Assignment or PredictionAssignment: all that the child needs to know
    parent   SIGTERM                stop: write a resume checkpoint (or a part of the result), then end
    child    a line of JSON each, on a pipe of its own, in the order of the events:
             planned                Plan: made now, or the one of the assignment; once, before the first step
             points                 Points: metric values of one step
             progress               Progress: after every step
             saved                  Saved: a checkpoint file that is complete on disk
             predicted              Predicted: after every batch of a prediction
             part                   Part: a piece of a prediction's result that is complete on disk
             results                Results: the last word of a prediction that is done: the whole result on disk
             ended                  Outcome: the last word of a child that trained to its end, or stopped as told
             failed                 Failed: the last word of one that could not go on
    child    standard error         its log, for people

A child that ends without a last word was killed. Floats survive the way exactly.
"""

import errno
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from models.training.report import Outcome, Plan, Point, Progress, Saved


class Assigned(BaseModel):
    """What every child is told. nice: the niceness to work at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nice: int


class Assignment(Assigned):
    """One attempt at a run, as the child is told.

    plan: the one of an earlier attempt; None: make one, within plan_request.
    budget_s: seconds of the run's time that are left, by device; None: no limit.
    resume: a resume checkpoint to go on from, already verified.
    memory_bytes: what the training may take on a CPU; None: what the machine grants.
    fewer_files: the plan may take fewer files a step than the config says, where memory does not suffice.
    save_every_s: seconds between two checkpoints to resume from.
    """

    run_id: str
    attempt: int
    config: dict[str, Any]
    dataset: Path
    folder: Path
    plan: Plan | None
    plan_request: dict[str, int | None] | None
    budget_s: dict[Literal["cpu", "cuda"], float | None]
    resume: Path | None
    memory_bytes: int | None = None
    fewer_files: bool = False
    save_every_s: float = 60.0


LESS_MEMORY = (
    "Lower batch_size, and raise gradient_accumulation_steps by as much (an update then sees as many files), or lower "
    "max_length."
)
"""What helps a training that the machine has too little memory for."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
"""How a system says that a disk is full."""
MORE_ROOM = (
    "Make room where OCTET_DATA_DIR and OCTET_STORAGE_DIR are (DELETE runs, predictions and data sets, or `octet "
    "storage sweep`), then submit it again."
)
"""What helps when the disk is full."""
LESS_MEMORY_TO_PREDICT = "Give the worker more, or predict with a smaller model."


class PartFile(BaseModel):
    """A piece of a prediction's result that an earlier attempt made, already verified."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: int
    rows: int
    path: Path


class PredictionAssignment(Assigned):
    """One attempt at a prediction, as the child is told.

    checkpoint, digest: the file that answers, and the SHA-256 that it must have. parts: what is done, from the first
    file on. save_s: a part is closed after so many seconds at the latest.
    """

    prediction_id: str
    attempt: int
    checkpoint: Path
    digest: str
    dataset: Path
    folder: Path
    parts: list[PartFile]
    save_s: float


@dataclass(frozen=True, slots=True)
class Predicted:
    """How far a prediction is; eta_s is seconds to the end."""

    done: int
    eta_s: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the result: the rows of files `first` and following of the data set. digest: SHA-256, hex."""

    first: int
    rows: int
    path: Path
    digest: str


@dataclass(frozen=True, slots=True)
class Results:
    """The whole result in both forms, each with the SHA-256 (hex) of its file."""

    csv: Path
    csv_digest: str
    parquet: Path
    parquet_digest: str


@dataclass(frozen=True, slots=True)
class Points:
    """New metric values, all of one step."""

    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """Why training or predicting could not go on.

    final: the same would happen again, so another attempt is of no use.
    reason: whose fault it is: the run's (error, oom: so the attempt is recorded), or the worker's, which lacks the
    device of the run's plan. type, title, detail: what the run's `error` says.
    """

    final: bool
    reason: Literal["error", "oom", "no_device"]
    type: str
    title: str
    detail: str


Message = Plan | Points | Progress | Saved | Predicted | Part | Results | Outcome | Failed

_KINDS: dict[str, TypeAdapter[Any]] = {
    "planned": TypeAdapter(Plan),
    "points": TypeAdapter(Points),
    "progress": TypeAdapter(Progress),
    "saved": TypeAdapter(Saved),
    "predicted": TypeAdapter(Predicted),
    "part": TypeAdapter(Part),
    "results": TypeAdapter(Results),
    "ended": TypeAdapter(Outcome),
    "failed": TypeAdapter(Failed),
}
_KIND_OF: dict[type, str] = {
    Plan: "planned",
    Points: "points",
    Progress: "progress",
    Saved: "saved",
    Predicted: "predicted",
    Part: "part",
    Results: "results",
    Outcome: "ended",
    Failed: "failed",
}


def encode(message: Message) -> bytes:
    """One line of JSON, with its line end."""
    kind = _KIND_OF[type(message)]
    content = _KINDS[kind].dump_python(message, mode="json")
    return json.dumps({kind: content}, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The message of one line. Raises ValueError when it is none."""
    record = json.loads(line)
    if not isinstance(record, dict) or len(record) != 1:
        raise ValueError(f"no message: {line[:200]!r}")
    ((kind, content),) = record.items()
    if kind not in _KINDS:
        raise ValueError(f"no message: {line[:200]!r}")
    message: Message = _KINDS[kind].validate_python(content)
    return message
