"""GET /runs/{id}/metrics: the run's points as JSON, CSV or server-sent events, all in the order of one cursor."""

import csv
import io
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.api import live
from app.api.accept import preferred
from app.api.conditional import not_modified, weak_tag
from app.api.context import PartsOf, context_of
from app.api.parameters import KNOWN_ALONE
from app.api.runs import RunId
from app.api.schemas.metrics import Points
from app.api.schemas.problem import problems
from app.services import points

router = APIRouter(tags=["metrics"], dependencies=[KNOWN_ALONE])

JSON, CSV, SSE = "application/json", "text/csv", "text/event-stream"
COLUMNS = ("cursor", "step", "epoch", "split", "target", "name", "value", "time")


@router.get(
    "/runs/{run_id}/metrics",
    summary="List points",
    response_model=Points,
    responses={
        200: {"content": {CSV: {"schema": {"type": "string"}}, SSE: {"schema": {"type": "string"}}}},
        304: {},
        **problems(404, 422),
    },
)
def list_points(
    request: Request,
    parts: PartsOf,
    run_id: RunId,
    after: Annotated[int, Query(ge=0, description="Points beyond this cursor.")] = 0,
    name: Annotated[str | None, Query(description="loss, acc, mcc, ...")] = None,
    split: Literal["train", "valid"] | None = None,
    target: Annotated[str | None, Query(description="One target; empty: over all targets.")] = None,
    limit: Annotated[int, Query(ge=1, le=points.MAX_LIMIT)] = points.DEFAULT_LIMIT,
    last_event_id: Annotated[int | None, Header(ge=0, description="Server-sent events: go on after this one.")] = None,
) -> Response:
    """By `Accept`: JSON, `text/csv`, or `text/event-stream` that ends when the run does.

    Poll with `after=next` and `If-None-Match`: 304 as long as nothing is new.
    """
    form = preferred(request.headers.get("accept"), (JSON, CSV, SSE))
    if form == SSE:
        cursor = after if last_event_id is None else last_event_id
        points.page(parts, run_id, cursor, name, split, 1)  # refuse before the stream begins
        events = live.stream(context_of(request), run_id, cursor, name=name, split=split, target=target)
        return StreamingResponse(events, media_type=SSE, headers=live.HEADERS)
    position = points.position(parts, run_id)
    if after == position.last_cursor and (unchanged := not_modified(request, weak_tag(position, form))):
        return unchanged  # of what most polls find, no point is asked for
    page = points.page(parts, run_id, after, name, split, limit, target)
    # A page with others behind it has a tag of its own: who sends it with `after=next` must get the next page.
    more = () if page.next == page.position.last_cursor else (after, page.next)
    tag = weak_tag(page.position, form, *more)
    if unchanged := not_modified(request, tag):
        return unchanged
    headers = {"etag": tag, "cache-control": "no-cache", "vary": "accept"}
    if form == CSV:
        return Response(_csv(page), media_type=f"{CSV}; charset=utf-8", headers={**headers, "x-next": str(page.next)})
    return Response(orjson.dumps({"points": page.points, "next": page.next}), media_type=JSON, headers=headers)


def _csv(page: points.Page) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    rows.writerows([getattr(point, column) for column in COLUMNS] for point in page.points)
    return text.getvalue()
