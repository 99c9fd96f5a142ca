"""GET /runs/{id}/curves/{metric}.{svg,png}: a run's metric as a picture, alone or with other runs over it."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.conditional import not_modified, weak_tag
from app.api.context import PartsOf
from app.api.parameters import KNOWN_ALONE
from app.api.runs import RunId
from app.api.schemas.problem import problems
from app.services import curves
from app.services.drawing import MOST_RUNS, Form, Look, Theme

router = APIRouter(tags=["metrics"], dependencies=[KNOWN_ALONE])

MEDIA = {"svg": "image/svg+xml", "png": "image/png"}
MORE = f"Ids of more runs to draw over it, separated by commas; {MOST_RUNS} in all at most."


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
    form: Form,
    target: Annotated[str | None, Query(description="Needed when several targets have the metric.")] = None,
    runs: Annotated[str, Query(description=MORE)] = "",
    theme: Annotated[Theme, Query(description="Colours for a light or a dark page.")] = "light",
    log: Annotated[bool, Query(description="Values on a logarithmic axis; all must be above 0.")] = False,
) -> Response:
    """Training and validation over the steps, best ringed; metric names in lower case: loss, acc, mcc, ..."""
    beside = [one.strip() for one in runs.split(",") if one.strip()]
    tag = weak_tag(curves.state(parts, run_id, beside), metric, form, target, theme, log)
    return not_modified(request, tag) or Response(
        curves.curve(parts, run_id, metric, form, target, beside=beside, look=Look(theme, log)),
        media_type=MEDIA[form],
        headers={"etag": tag, "cache-control": "no-cache"},
    )
