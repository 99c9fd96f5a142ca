"""GET /runs/{id}/curves/{metric}.{svg,png}: a run's metric as a picture."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.conditional import not_modified, weak_tag
from app.api.context import PartsOf
from app.api.parameters import KNOWN_ALONE
from app.api.runs import RunId
from app.api.schemas.problem import problems
from app.services import curves

router = APIRouter(tags=["metrics"], dependencies=[KNOWN_ALONE])

MEDIA = {"svg": "image/svg+xml", "png": "image/png"}


@router.get(
    "/runs/{run_id}/curves/{metric}.{form}",
    summary="Draw a curve",
    response_class=Response,
    responses={
        200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA.values()}},
        304: {},
        **problems(404, 422),
    },
)
def draw_curve(
    request: Request,
    parts: PartsOf,
    run_id: RunId,
    metric: str,
    form: Literal["svg", "png"],
    target: Annotated[str | None, Query(description="Needed when several targets have the metric.")] = None,
) -> Response:
    """Training and validation over the steps; metric names in lower case: loss, acc, mcc, ..."""
    tag = weak_tag(curves.state(parts, run_id), metric, form, target)
    return not_modified(request, tag) or Response(
        curves.curve(parts, run_id, metric, form, target),
        media_type=MEDIA[form],
        headers={"etag": tag, "cache-control": "no-cache"},
    )
