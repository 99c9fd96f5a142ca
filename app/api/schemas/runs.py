"""Runs as clients see them."""

from typing import Any

from pydantic import BaseModel, Field

from app.api.root import Link
from app.api.schemas.times import Time


class Progress(BaseModel):
    """How far a run is."""

    step: int = Field(description="Optimiser steps done; at most one step or 5 s behind.")
    steps: int | None = Field(description="null while queued, the plan while running, the steps done at the end.")
    epoch: float
    eta_s: float | None = Field(description="Seconds to the end.")
    planned_steps: int | None


class Best(BaseModel):
    """The stored checkpoint that predictions come from."""

    step: int
    average: float | None = Field(description="What `best` goes by: the mean of the validation metrics.")
    metrics: dict[str, dict[str, float]] = Field(description="By target ('' for all), then by name.")
    digest: str = Field(description="SHA-256 of the file, hex.")


class JobError(BaseModel):
    """Why a run or a prediction failed."""

    type: str
    title: str
    detail: str


class RunSummary(BaseModel):
    """A run in a list."""

    id: str
    name: str = Field(description="Need not be unique.")
    status: str = Field(description="queued, running, pausing, paused, cancelling, succeeded, failed or cancelled.")
    dataset: str
    dataset_id: str | None
    tags: list[str]
    progress: Progress
    best: Best | None
    max_runtime_s: float | None = Field(description="Budget over all attempts; null: none, or not yet known.")
    used_s: float
    attempt: int = Field(description="Leases taken; 0 before the first.")
    failures: int = Field(description="Failed attempts since the last new checkpoint.")
    worker: str | None
    stopped: str | None = Field(description="Why training ended before its last step, e.g. time.")
    error: JobError | None
    warnings: list[str] = Field(
        description="What to know of its result, once it has succeeded: targets that it guesses, and what may help."
    )
    trace_id: str | None = Field(description="Of the request that made it; log lines and events carry it.")
    created: Time
    started: Time | None
    ended: Time | None
    updated: Time
    links: dict[str, Link]


class Run(RunSummary):
    """A run with all that was chosen for it."""

    config: dict[str, Any] = Field(description="The full config, every value that was chosen included.")
    reasons: dict[str, str] = Field(description="JSON pointer into `config` to the reason for that value.")
    config_notes: list[dict[str, Any]] = Field(description="Keys that were accepted without effect.")
    plan: dict[str, Any] | None = Field(description="How the device carries it out; made once.")
    last_cursor: int = Field(description="Cursor of the newest point.")


class Runs(BaseModel):
    """A page of runs, the newest first."""

    runs: list[RunSummary]
    next: int | None = Field(description="`after` of the following page; null at the end.")


class Attempt(BaseModel):
    """One lease that was taken on a run."""

    attempt: int
    worker: str
    started: Time
    ended: Time | None
    reason: str | None = Field(
        description="finished, lost, oom, cancelled, paused, handed_back or error; null while it lasts."
    )
    resumed_from_step: int | None
    peak_memory_bytes: int | None = Field(
        description="Most that its process was seen with, without pages of files; null: not known (yet)."
    )


class Attempts(BaseModel):
    """A page of the attempts of a run, in order."""

    attempts: list[Attempt]
    next: int | None = Field(description="`after` of the following page; null at the end.")


class Event(BaseModel):
    """Something that happened to a run."""

    cursor: int
    kind: str
    data: dict[str, Any]
    time: Time


class Events(BaseModel):
    """What happened to a run, in order."""

    events: list[Event]
    next: int = Field(description="`after` of the following call.")


class Checkpoint(BaseModel):
    """One stored checkpoint."""

    step: int
    kind: str = Field(description="best: may be served; resume: the whole training state.")
    attempt: int
    digest: str
    size_bytes: int
    average: float | None
    metrics: dict[str, Any]
    created: Time
    links: dict[str, Link]


class Checkpoints(BaseModel):
    """All stored checkpoints of a run, by step."""

    checkpoints: list[Checkpoint]


class Cost(BaseModel):
    """What a run would take."""

    parameters: int
    memory_bytes: int = Field(description="At the peak of training, its whole process, on a CPU.")
    memory_limit_bytes: int | None = Field(description="What a training may take; null: only the worker knows.")
    predict_memory_bytes: int = Field(description="What a full batch of predictions adds to the API.")
    steps: int = Field(description="Of all epochs, when no time budget cuts them.")
    checkpoint_bytes: int = Field(description="All checkpoints that are kept at once.")
    seconds_per_step: float | None = Field(description="Where a run like it was measured, else null.")


class Estimate(BaseModel):
    """What a body would become; nothing was queued."""

    valid: bool
    config: dict[str, Any]
    reasons: dict[str, str]
    config_notes: list[dict[str, Any]]
    estimate: Cost
