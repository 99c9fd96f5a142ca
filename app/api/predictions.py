"""Routes of predictions over data sets: submit, list, read, cancel, remove, and the result as CSV or Parquet."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import PlainTextResponse
from starlette.requests import Request
from starlette.responses import Response

from app.api.accept import preferred
from app.api.body import read_object
from app.api.conditional import not_modified, repr_digest, strong_tag, weak_tag
from app.api.context import PartsOf, context_of
from app.api.download import Download
from app.api.logs import RANGES, AttemptNumber, Tail, log_answer
from app.api.parameters import KNOWN_ALONE, After
from app.api.rendering import json_of
from app.api.root import rooted
from app.api.schemas.predictions import SUBMIT_BODY, DatasetPrediction, DatasetPredictions
from app.api.schemas.problem import problems
from app.services.jobs.states import PREDICTION_STATUSES
from app.services.predictions import control, read
from app.services.predictions.keys import Form
from app.services.predictions.submit import submit

router = APIRouter(tags=["predictions"], dependencies=[KNOWN_ALONE])

PredictionId = Annotated[str, Path(description="Id of a prediction.")]
Body = dict[str, Any]
MEDIA: dict[Form, str] = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
BINARY = {"schema": {"type": "string", "format": "binary"}}


async def _body(request: Request) -> Body:
    return await read_object(request, limit_bytes=context_of(request).parts.settings.limits.json_max_bytes)


@router.post(
    "/predictions",
    summary="Predict a data set",
    status_code=202,
    response_model=DatasetPrediction,
    responses=problems(404, 409, 413, 415),
    openapi_extra={"requestBody": SUBMIT_BODY},
)
def submit_prediction(
    parts: PartsOf,
    body: Annotated[Body, Depends(_body)],
    idempotency_key: Annotated[str | None, Header(description="The same key again gives the same prediction.")] = None,
) -> Response:
    """Queue a prediction of every file of a data set. The checkpoint is settled now: one job never mixes two."""
    prediction, created = submit(parts, body, idempotency_key)
    headers = {"location": rooted(f"/predictions/{prediction.id}")}
    replayed = {} if created else {"idempotency-replayed": "true"}
    return json_of(DatasetPrediction, prediction, 202, headers | replayed)


@router.get("/predictions", summary="List predictions", response_model=DatasetPredictions, responses=problems(422))
def list_predictions(
    parts: PartsOf,
    after: After | None = None,
    limit: Annotated[int, Query(ge=1, le=read.MAX_LIMIT)] = 100,
    status: Annotated[str | None, Query(json_schema_extra={"enum": list(PREDICTION_STATUSES)})] = None,
) -> read.PredictionPage:
    """The newest first."""
    return read.list_predictions(parts, after=after, limit=limit, status=status)


@router.get(
    "/predictions/{prediction_id}",
    summary="Read a prediction",
    response_model=DatasetPrediction,
    responses={304: {}, **problems(404)},
)
def get_prediction(request: Request, parts: PartsOf, prediction_id: PredictionId) -> Response:
    """How far it is. `ETag` and `If-None-Match` make polling cheap."""
    prediction = read.get_prediction(parts, prediction_id)
    tag = weak_tag(prediction)
    headers = {"etag": tag, "cache-control": "no-cache"}
    return not_modified(request, tag) or json_of(DatasetPrediction, prediction, headers=headers)


@router.get(
    "/predictions/{prediction_id}/result",
    summary="Download a result",
    response_class=Response,
    responses={
        200: {"content": dict.fromkeys(MEDIA.values(), BINARY)},
        206: {"content": dict.fromkeys(MEDIA.values(), BINARY), "description": "The bytes that Range names."},
        304: {},
        **problems(404, 409, 416),
    },
)
def get_prediction_result(
    request: Request,
    parts: PartsOf,
    prediction_id: PredictionId,
    format: Annotated[
        Literal["csv", "parquet"] | None, Query(description="By the header Accept when left out, else CSV.")
    ] = None,
) -> Response:
    """A row for each file, in the order of the data set. 409 until the prediction has succeeded.

    Columns: `id`, `bytes`, `read`, where the checkpoint can tell `unlike_training` (0 to 1), then each target's label
    or value under its name, and `TARGET:CLASS`, the probability of each class. Ranges are answered.
    """
    wanted = preferred(request.headers.get("accept"), tuple(MEDIA.values()))
    form: Form = format or ("csv" if wanted == MEDIA["csv"] else "parquet")
    found = read.result(parts, prediction_id, form)
    tag = strong_tag(found.digest)
    return not_modified(request, tag) or Download(
        found.path,
        media_type=MEDIA[form],
        filename=found.name,
        headers={
            "etag": tag,
            "repr-digest": repr_digest(found.digest),
            "cache-control": "no-cache",
            "vary": "accept",
        },
    )


@router.get(
    "/predictions/{prediction_id}/log",
    summary="Read the log",
    response_class=PlainTextResponse,
    responses={**RANGES, **problems(404, 416)},
)
def get_prediction_log(
    parts: PartsOf, prediction_id: PredictionId, attempt: AttemptNumber = None, tail: Tail = None
) -> Response:
    """What the predicting processes have said so far: every attempt's words, up to 1 MiB each, within seconds."""
    return log_answer(read.logs(parts, prediction_id, attempt), attempt, tail)


@router.post(
    "/predictions/{prediction_id}/cancel",
    summary="Cancel a prediction",
    status_code=202,
    response_model=DatasetPrediction,
    responses=problems(404, 409),
)
def cancel_prediction(parts: PartsOf, prediction_id: PredictionId) -> Response:
    """At once while it is queued, else after the batch at hand."""
    location = {"location": rooted(f"/predictions/{prediction_id}")}
    return json_of(DatasetPrediction, control.cancel(parts, prediction_id), 202, location)


@router.delete(
    "/predictions/{prediction_id}",
    summary="Remove a prediction",
    status_code=204,
    response_class=Response,
    responses=problems(404, 409),
)
def delete_prediction(parts: PartsOf, prediction_id: PredictionId) -> Response:
    """With its result. 409 until it has ended."""
    control.remove(parts, prediction_id)
    return Response(status_code=204)
