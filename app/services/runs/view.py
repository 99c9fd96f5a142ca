"""A run as the outside sees it."""

from dataclasses import dataclass
from typing import Any

from app.db.tables.runs import RunRow
from app.services.jobs.states import ENDED, Status
from app.services.runs.verdict import verdict_of
from app.services.times import rfc3339, rfc3339_or_none
from app.tracing import trace_id_of


@dataclass(frozen=True, slots=True)
class ProgressView:
    """How far a run is: `steps` is null until it is planned, and at the end the steps that were done."""

    step: int
    steps: int | None
    epoch: float
    eta_s: float | None
    planned_steps: int | None


@dataclass(frozen=True, slots=True)
class RunView:
    """One run; times are RFC 3339 in UTC, durations seconds."""

    id: str
    name: str
    status: str
    dataset: str
    dataset_id: str | None
    tags: list[str]
    progress: ProgressView
    best: dict[str, Any] | None
    config: dict[str, Any]
    reasons: dict[str, str]
    config_notes: list[dict[str, Any]]
    plan: dict[str, Any] | None
    max_runtime_s: float | None
    used_s: float
    attempt: int
    failures: int
    worker: str | None
    stopped: str | None
    error: dict[str, Any] | None
    warnings: list[str]
    last_cursor: int
    trace_id: str | None
    created: str
    started: str | None
    ended: str | None
    updated: str
    links: dict[str, str]


def view_of(run: RunRow) -> RunView:
    """The view of a row."""
    return RunView(
        id=run.id,
        name=run.name,
        status=run.status,
        dataset=run.dataset_name,
        dataset_id=run.dataset_id,
        tags=run.tags,
        progress=ProgressView(
            step=run.step,
            steps=run.step if run.status in ENDED else run.steps,
            epoch=run.epoch,
            eta_s=run.eta_s,
            planned_steps=run.steps,
        ),
        best=run.best,
        config=run.config,
        reasons=run.reasons,
        config_notes=run.notes,
        plan=run.plan,
        max_runtime_s=run.max_runtime_s,
        used_s=round(run.used_s, 3),
        attempt=run.attempt,
        failures=run.failures,
        worker=run.worker,
        stopped=run.stopped,
        error=run.error,
        warnings=verdict_of(run, run.stopped) if run.status == Status.SUCCEEDED else [],
        last_cursor=run.last_cursor,
        trace_id=trace_id_of(run.traceparent),
        created=rfc3339(run.created),
        started=rfc3339_or_none(run.started),
        ended=rfc3339_or_none(run.ended),
        updated=rfc3339(run.updated),
        links=_links(run.id),
    )


_LINKED = ("metrics", "checkpoints", "attempts", "events", "log", "pause", "resume", "cancel")


def _links(run_id: str) -> dict[str, str]:
    own = f"/runs/{run_id}"
    links = {"self": own, "predict": f"/predict?run={run_id}"}
    return links | {name: f"{own}/{name}" for name in _LINKED}
