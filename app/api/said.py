"""GET /datasets/{id}/problems and /ignored: all that was said of an upload, paged as JSON or whole as CSV."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.api.accept import preferred
from app.api.context import PartsOf
from app.api.datasets import DatasetId
from app.api.parameters import KNOWN_ALONE
from app.api.rendering import json_of
from app.api.schemas.datasets import DatasetProblems, IgnoredFiles
from app.api.schemas.problem import problems
from app.services.datasets import said

router = APIRouter(tags=["datasets"], dependencies=[KNOWN_ALONE])

JSON, CSV = "application/json", "text/csv"
COLUMNS = ("kind", "id", "row", "column", "detail")
ROWS_AT_ONCE = 1000
VARY = {"vary": "accept"}
AS_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {"schema": {"type": "string"}}}}, **problems(404)}

After = Annotated[int, Query(ge=0, le=2**53 - 1, description="`next` of the page before; not for CSV.")]
Limit = Annotated[int, Query(ge=1, le=said.MAX_LIMIT, description="Not for CSV, which has all.")]


@router.get(
    "/datasets/{dataset_id}/problems",
    summary="List all problems of a data set",
    response_model=DatasetProblems,
    responses=AS_CSV,
)
def list_problems(
    request: Request, parts: PartsOf, dataset_id: DatasetId, after: After = 0, limit: Limit = said.DEFAULT_LIMIT
) -> Response:
    """Every one, not only those that the data set lists. By `Accept`: pages of JSON, or all of them as `text/csv`."""
    if _as_csv(request):
        rows = ([found.get(name) for name in COLUMNS] for found in said.every(parts, dataset_id, "problems"))
        return _csv(COLUMNS, rows)
    page = said.page(parts, dataset_id, "problems", after, limit)
    return json_of(DatasetProblems, {"problems": page.said, "next": page.next, "count": page.count}, headers=VARY)


@router.get(
    "/datasets/{dataset_id}/ignored",
    summary="List all ignored files of a data set",
    response_model=IgnoredFiles,
    responses=AS_CSV,
)
def list_ignored(
    request: Request, parts: PartsOf, dataset_id: DatasetId, after: After = 0, limit: Limit = said.DEFAULT_LIMIT
) -> Response:
    """Every file that was left out as no data. By `Accept`: pages of JSON, or all of them as `text/csv`."""
    if _as_csv(request):
        return _csv(("path",), ([path] for path in said.every(parts, dataset_id, "ignored")))
    page = said.page(parts, dataset_id, "ignored", after, limit)
    return json_of(IgnoredFiles, {"ignored": page.said, "next": page.next, "count": page.count}, headers=VARY)


def _as_csv(request: Request) -> bool:
    return preferred(request.headers.get("accept"), (JSON, CSV)) == CSV


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    return StreamingResponse(_pieces(columns, iter(rows)), media_type=f"{CSV}; charset=utf-8", headers=VARY)


def _pieces(columns: Sequence[str], rows: Iterator[Sequence[object]]) -> Iterator[bytes]:
    """The table, some rows at a time: memory does not depend on how many there are."""
    some: list[Sequence[object]] = [columns]
    while some:
        text = io.StringIO()
        csv.writer(text).writerows(some)
        yield text.getvalue().encode("utf-8", "surrogateescape")
        some = list(islice(rows, ROWS_AT_ONCE))
