"""Routes of runs: submit, list, read, pause, resume, cancel, and what a run leaves behind."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import PlainTextResponse
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import read_object
from app.api.conditional import not_modified, repr_digest, strong_tag, weak_tag
from app.api.context import PartsOf, context_of
from app.api.download import Download
from app.api.logs import RANGES, AttemptNumber, Tail, log_answer
from app.api.parameters import KNOWN_ALONE, After, Step
from app.api.rendering import json_of
from app.api.root import rooted
from app.api.schemas.problem import problems
from app.api.schemas.runs import Attempts, Checkpoints, Estimate, Events, Run, Runs
from app.services.jobs.states import RUN_STATUSES
from app.services.runs import control, read, submit
from app.services.runs.remove import remove_run

router = APIRouter(tags=["runs"], dependencies=[KNOWN_ALONE])

RunId = Annotated[str, Path(description="Id of a run.")]
Body = dict[str, Any]
WEIGHTS = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


async def _body(request: Request) -> Body:
    return await read_object(request, limit_bytes=context_of(request).parts.settings.limits.json_max_bytes)


@router.post(
    "/runs",
    summary="Submit a run",
    status_code=202,
    response_model=Run,
    responses={
        200: {"model": Estimate, "description": "validate=true: the config is sound; nothing was queued."},
        **problems(413, 415),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The short form, or EIR's objects; GET /config/schema has every key.",
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/RunRequest"}},
            },
        }
    },
)
def submit_run(
    parts: PartsOf,
    body: Annotated[Body, Depends(_body)],
    validate: Annotated[bool, Query(description="Check and estimate only.")] = False,
    idempotency_key: Annotated[str | None, Header(description="The same key again gives the same run.")] = None,
) -> Response:
    """Queue a run, or say what it would be."""
    if validate:
        return json_of(Estimate, submit.check(parts, body))
    run, created = submit.submit(parts, body, idempotency_key)
    headers = {"location": rooted(f"/runs/{run.id}")}
    return json_of(Run, run, 202, headers if created else {**headers, "idempotency-replayed": "true"})


@router.get("/runs", summary="List runs", response_model=Runs, responses=problems(422))
def list_runs(
    parts: PartsOf,
    after: After | None = None,
    limit: Annotated[int, Query(ge=1, le=read.MAX_LIMIT)] = 100,
    status: Annotated[str | None, Query(json_schema_extra={"enum": list(RUN_STATUSES)})] = None,
    name: Annotated[str | None, Query(description="Runs of this name.")] = None,
    dataset: Annotated[str | None, Query(description="Name or id.")] = None,
) -> read.RunPage:
    """The newest first."""
    return read.list_runs(parts, after=after, limit=limit, status=status, name=name, dataset=dataset)


@router.get("/runs/{run_id}", summary="Read a run", response_model=Run, responses={304: {}, **problems(404)})
def get_run(request: Request, parts: PartsOf, run_id: RunId) -> Response:
    """With its whole config. `ETag` and `If-None-Match` make polling cheap."""
    run = read.get_run(parts, run_id)
    tag = weak_tag(run)
    return not_modified(request, tag) or json_of(Run, run, headers={"etag": tag, "cache-control": "no-cache"})


@router.post(
    "/runs/{run_id}/cancel", summary="Cancel a run", status_code=202, response_model=Run, responses=problems(404, 409)
)
def cancel_run(parts: PartsOf, run_id: RunId) -> Response:
    """At once while it is queued, else within a bounded time, after a checkpoint."""
    return json_of(Run, control.cancel(parts, run_id), 202, {"location": rooted(f"/runs/{run_id}")})


@router.post(
    "/runs/{run_id}/pause", summary="Pause a run", status_code=202, response_model=Run, responses=problems(404, 409)
)
def pause_run(parts: PartsOf, run_id: RunId) -> Response:
    """At once while it is queued, else after a checkpoint, within a bounded time; the device is free then."""
    return json_of(Run, control.pause(parts, run_id), 202, {"location": rooted(f"/runs/{run_id}")})


@router.post(
    "/runs/{run_id}/resume", summary="Resume a run", status_code=202, response_model=Run, responses=problems(404, 409)
)
def resume_run(parts: PartsOf, run_id: RunId) -> Response:
    """It waits for a worker and goes on from its checkpoint, as if it had never paused."""
    return json_of(Run, control.resume(parts, run_id), 202, {"location": rooted(f"/runs/{run_id}")})


@router.delete(
    "/runs/{run_id}", summary="Remove a run", status_code=204, response_class=Response, responses=problems(404, 409)
)
def delete_run(parts: PartsOf, run_id: RunId) -> Response:
    """With its points, checkpoints and logs. 409 until it has ended, and while a model stands for it."""
    remove_run(parts, run_id)
    return Response(status_code=204)


@router.get("/runs/{run_id}/attempts", summary="List attempts", response_model=Attempts, responses=problems(404))
def list_attempts(
    parts: PartsOf,
    run_id: RunId,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=read.MAX_LIMIT)] = read.MAX_LIMIT,
) -> dict[str, Any]:
    """Every lease that was taken on the run, and how it ended."""
    found = read.attempts(parts, run_id, after, limit + 1)
    return {"attempts": found[:limit], "next": found[limit - 1].attempt if len(found) > limit else None}


@router.get("/runs/{run_id}/events", summary="List events", response_model=Events, responses=problems(404, 422))
def list_events(
    parts: PartsOf,
    run_id: RunId,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=read.MAX_LIMIT)] = read.MAX_LIMIT,
) -> dict[str, Any]:
    """What happened to the run."""
    found = read.events(parts, run_id, after, limit)
    return {"events": found, "next": found[-1].cursor if found else after}


@router.get(
    "/runs/{run_id}/checkpoints", summary="List checkpoints", response_model=Checkpoints, responses=problems(404)
)
def list_checkpoints(parts: PartsOf, run_id: RunId) -> dict[str, Any]:
    """All that are stored."""
    return {"checkpoints": [_with_links(run_id, found) for found in read.checkpoints(parts, run_id)]}


@router.get(
    "/runs/{run_id}/checkpoints/{step}/weights",
    summary="Download weights",
    response_class=Response,
    responses={
        200: {"content": WEIGHTS},
        206: {"content": WEIGHTS, "description": "The bytes that Range names."},
        304: {},
        **problems(404, 416),
    },
)
def download_weights(
    request: Request, parts: PartsOf, run_id: RunId, step: Step, kind: Literal["best", "resume"] = "best"
) -> Response:
    """A safetensors file; `python -m models predict` reads it without the service. Ranges are answered."""
    found = read.weights(parts, run_id, step, kind)
    tag = strong_tag(found.digest)
    return not_modified(request, tag) or Download(
        found.path,
        media_type="application/octet-stream",
        filename=f"{run_id}-{kind}-{step}.safetensors",
        headers={"etag": tag, "repr-digest": repr_digest(found.digest), "cache-control": "no-cache"},
    )


@router.get(
    "/runs/{run_id}/log",
    summary="Read the log",
    response_class=PlainTextResponse,
    responses={**RANGES, **problems(404, 416)},
)
def get_log(parts: PartsOf, run_id: RunId, attempt: AttemptNumber = None, tail: Tail = None) -> Response:
    """What the training processes have said so far: every attempt's words, up to 1 MiB each, within seconds."""
    return log_answer(read.logs(parts, run_id, attempt), attempt, tail)


def _with_links(run_id: str, found: read.CheckpointView) -> dict[str, Any]:
    weights_path = f"/runs/{run_id}/checkpoints/{found.step}/weights?kind={found.kind}"
    return {**asdict(found), "links": {"weights": weights_path}}
