"""What can be read of runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.db import attempts as attempt_rows
from app.db import checkpoints as checkpoint_rows
from app.db import events as event_rows
from app.db import runs
from app.db.tables.attempts import AttemptRow
from app.db.tables.checkpoints import CheckpointRow
from app.errors import Example, Fault, Invalid, NotFound
from app.parts import Parts
from app.services.jobs.logs import AttemptLog, logs_of
from app.services.jobs.states import RUN_STATUSES
from app.services.runs.find import found_checkpoint, found_run, refuse_beyond
from app.services.runs.keys import log_key
from app.services.runs.view import RunView, view_of
from app.services.times import rfc3339, rfc3339_or_none

MAX_LIMIT = 1000


class UnknownStatus(Invalid):
    """Runs were asked for by a status that does not exist."""

    rule = "unknown-status"
    title = "No such status"
    mend = "Ask for queued, running, pausing, paused, cancelling, succeeded, failed or cancelled."
    example = Example(
        "'done' is no status of a run; use one of queued, running, pausing, paused, cancelling, succeeded, failed, ...",
        "status",
    )


class NoLog(NotFound):
    """No attempt at the run has said anything yet."""

    rule = "no-log"
    title = "No log"
    mend = "Wait until an attempt has begun: what it says can be read within seconds."
    example = Example(
        "run 2f6c0d9e4b7a1853 has no log; an attempt's can be read within seconds of its first words, and there were "
        "0 attempts"
    )


@dataclass(frozen=True, slots=True)
class RunPage:
    """Runs, the newest first; `next` is the cursor of the following page, None at the end."""

    runs: list[RunView]
    next: int | None


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One lease that was taken on a run; `reason` is null while it lasts."""

    attempt: int
    worker: str
    started: str
    ended: str | None
    reason: str | None
    resumed_from_step: int | None
    peak_memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class CheckpointView:
    """One stored checkpoint."""

    step: int
    kind: str
    attempt: int
    digest: str
    size_bytes: int
    average: float | None
    metrics: dict[str, Any]
    created: str


@dataclass(frozen=True, slots=True)
class Weights:
    """A checkpoint's file on this machine."""

    step: int
    kind: str
    digest: str
    path: Path


@dataclass(frozen=True, slots=True)
class EventView:
    """Something that happened to a run; `cursor` rises."""

    cursor: int
    kind: str
    data: dict[str, Any]
    time: str


def list_runs(
    parts: Parts,
    *,
    after: int | None = None,
    limit: int = 100,
    status: str | None = None,
    name: str | None = None,
    dataset: str | None = None,
) -> RunPage:
    """Runs, the newest first; `after` is the `next` of the page before. Raises UnknownStatus."""
    if status is not None and status not in RUN_STATUSES:
        detail = f"{status!r} is no status of a run; use one of {', '.join(RUN_STATUSES)}"
        raise UnknownStatus(detail, [Fault("status", detail)])
    limit = max(1, min(limit, MAX_LIMIT))
    with parts.db.reading() as tx:
        rows = runs.page(tx, before=after, limit=limit + 1, status=status, name=name, dataset=dataset)
    return RunPage([view_of(row) for row in rows[:limit]], rows[limit - 1].seq if len(rows) > limit else None)


def get_run(parts: Parts, run_id: str) -> RunView:
    """One run. Raises UnknownRun."""
    with parts.db.reading() as tx:
        return view_of(found_run(tx, run_id))


def attempts(parts: Parts, run_id: str, after: int = 0, limit: int | None = None) -> list[AttemptView]:
    """Attempts of a run in order, from beyond one of them; all without a limit. Raises UnknownRun."""
    with parts.db.reading() as tx:
        found_run(tx, run_id)
        rows = attempt_rows.of_run(tx, run_id, after, limit)
    return [
        AttemptView(
            attempt=row.attempt,
            worker=row.worker,
            started=rfc3339(row.started),
            ended=rfc3339_or_none(row.ended),
            reason=row.reason,
            resumed_from_step=row.resumed_from_step,
            peak_memory_bytes=row.peak_memory_bytes,
        )
        for row in rows
    ]


def checkpoints(parts: Parts, run_id: str) -> list[CheckpointView]:
    """All stored checkpoints of a run by step. Raises UnknownRun."""
    with parts.db.reading() as tx:
        found_run(tx, run_id)
        rows = checkpoint_rows.of_run(tx, run_id)
    return [_checkpoint_view(row) for row in rows]


def weights(parts: Parts, run_id: str, step: int, kind: Literal["best", "resume"] = "best") -> Weights:
    """The file of one checkpoint. Raises UnknownRun, UnknownCheckpoint."""
    with parts.db.reading() as tx:
        found_run(tx, run_id)
        row = found_checkpoint(tx, run_id, step, kind)
    return Weights(row.step, row.kind, row.digest, parts.storage.local(row.key))


def events(parts: Parts, run_id: str, after: int = 0, limit: int = MAX_LIMIT) -> list[EventView]:
    """What happened to a run, in order, from beyond a cursor. Raises UnknownRun, BadCursor."""
    with parts.db.reading() as tx:
        found_run(tx, run_id)
        refuse_beyond(after, event_rows.last(tx, run_id), run_id)
        rows = event_rows.after(tx, run_id, after, max(1, min(limit, MAX_LIMIT)))
    return [EventView(row.seq, row.kind, row.data, rfc3339(row.time)) for row in rows]


def logs(parts: Parts, run_id: str, attempt: int | None = None) -> list[AttemptLog]:
    """What the training of each attempt has said so far, in order, or that of one. Raises UnknownRun, NoLog."""
    with parts.db.reading() as tx:
        last = found_run(tx, run_id).attempt
        rows = attempt_rows.of_run(tx, run_id)
    wanted = [(row.attempt, _about(row), row.ended is None) for row in rows if attempt in (None, row.attempt)]
    found = logs_of(parts.storage, wanted, lambda number: log_key(run_id, number))
    if found is None:
        which = "" if attempt is None else f" of attempt {attempt}"
        said = "an attempt's can be read within seconds of its first words"
        raise NoLog(f"run {run_id} has no log{which}; {said}, and there were {last} attempts")
    return found


def _about(row: AttemptRow) -> str:
    """An attempt in a line."""
    resumed = "" if row.resumed_from_step is None else f", resumed from step {row.resumed_from_step}"
    ended = "" if row.ended is None else f", ended {rfc3339(row.ended)}: {row.reason}"
    return f"attempt {row.attempt}, worker {row.worker}, began {rfc3339(row.started)}{resumed}{ended}"


def _checkpoint_view(row: CheckpointRow) -> CheckpointView:
    return CheckpointView(
        step=row.step,
        kind=row.kind,
        attempt=row.attempt,
        digest=row.digest,
        size_bytes=row.size_bytes,
        average=row.average,
        metrics=row.metrics,
        created=rfc3339(row.created),
    )
