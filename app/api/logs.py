"""The logs of attempts as text: all of them in order, one alone, or the last lines."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from app.api.download import Download
from app.api.parameters import LARGEST
from app.services.jobs.logs import AttemptLog, text_of

MOST_LINES = 100_000
TEXT = "text/plain; charset=utf-8"
NOT_KEPT = {"cache-control": "no-cache"}
LOG: dict[str, Any] = {"text/plain": {"schema": {"type": "string"}}}
RANGES: dict[int | str, dict[str, Any]] = {
    206: {"content": LOG, "description": "The bytes that Range names, of one attempt that has ended."}
}

AttemptNumber = Annotated[
    int | None, Query(ge=1, le=LARGEST, description="One attempt alone; all in order when left out.")
]
Tail = Annotated[int | None, Query(ge=1, le=MOST_LINES, description="The last so many lines.")]


def log_answer(logs: Sequence[AttemptLog], attempt: int | None, tail: int | None) -> Response:
    """Attempts in order, each below a line about it; one that was asked for by its number says its own words alone."""
    if attempt is None or tail is not None:
        return StreamingResponse(text_of(logs, tail, headed=attempt is None), media_type=TEXT, headers=NOT_KEPT)
    [log] = logs
    if log.grows:  # its blob may be replaced at any moment, and is small
        return Response(log.path.read_bytes(), media_type=TEXT, headers=NOT_KEPT)
    return Download(log.path, media_type=TEXT)
