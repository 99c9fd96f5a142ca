"""A prediction as the outside sees it."""

from dataclasses import dataclass
from typing import Any

from app.db.tables.predictions import PredictionRow
from app.services.jobs.states import Status
from app.services.times import rfc3339, rfc3339_or_none
from app.tracing import trace_id_of


@dataclass(frozen=True, slots=True)
class DoneView:
    """How far a prediction is; `eta_s` is null before the first batch is timed, and once it has ended."""

    done: int
    files: int
    eta_s: float | None


@dataclass(frozen=True, slots=True)
class PredictionView:
    """One prediction over a data set; times are RFC 3339 in UTC, durations seconds.

    `run` and `dataset_id` are null once those were removed. `result`: the digest and size of each form, once it is
    there.
    """

    id: str
    name: str
    status: str
    run: str | None
    run_name: str
    model: str | None
    checkpoint: dict[str, Any]
    dataset: str
    dataset_id: str | None
    progress: DoneView
    result: dict[str, dict[str, Any]] | None
    used_s: float
    attempt: int
    failures: int
    worker: str | None
    error: dict[str, Any] | None
    trace_id: str | None
    created: str
    started: str | None
    ended: str | None
    updated: str
    links: dict[str, str]


def view_of(row: PredictionRow) -> PredictionView:
    """The view of a row."""
    results = row.results or {}
    shown = {form: {name: blob[name] for name in ("digest", "size_bytes")} for form, blob in results.items()}
    return PredictionView(
        id=row.id,
        name=row.name,
        status=row.status,
        run=row.run_id,
        run_name=row.run_name,
        model=row.model,
        checkpoint={"step": row.step, "digest": row.checkpoint_digest},
        dataset=row.dataset_name,
        dataset_id=row.dataset_id,
        progress=DoneView(row.done, row.files, row.eta_s),
        result=shown or None,
        used_s=round(row.used_s, 3),
        attempt=row.attempt,
        failures=row.failures,
        worker=row.worker,
        error=row.error,
        trace_id=trace_id_of(row.traceparent),
        created=rfc3339(row.created),
        started=rfc3339_or_none(row.started),
        ended=rfc3339_or_none(row.ended),
        updated=rfc3339(row.updated),
        links=_links(row),
    )


def _links(row: PredictionRow) -> dict[str, str]:
    own = f"/predictions/{row.id}"
    links = {"self": own, "cancel": f"{own}/cancel"}
    if row.status == Status.SUCCEEDED:
        links |= {"csv": f"{own}/result?format=csv", "parquet": f"{own}/result?format=parquet"}
    if row.run_id is not None:
        links["run"] = f"/runs/{row.run_id}"
    if row.dataset_id is not None:
        links["dataset"] = f"/datasets/{row.dataset_id}"
    return links
