"""A run's points as server-sent events: each with its cursor as id, to the run's end."""

import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Literal

import anyio
import anyio.to_thread
import orjson

from app.api.context import Context
from app.services import points
from app.services.jobs.states import Status

POLL_S = 0.5
HEARTBEAT_S = 15.0
"""Silence no longer than this, so that proxies keep the connection and a gone client is noticed."""
PAGE = 1000
HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}


async def stream(
    context: Context,
    run_id: str,
    after: int,
    *,
    name: str | None,
    split: Literal["train", "valid"] | None,
    target: str | None,
) -> AsyncIterator[bytes]:
    """`point` events beyond a cursor as they come, then one `end` event with the run's status.

    A run that pauses says so in one `paused` event; the stream stays open, and goes on with the run.

    Asks one row while nothing is new; it reads the row before the points, so that an ended run has no later ones.
    A process that leaves breaks off without `end`: the client comes again with its last cursor.
    """
    parts, cursor, spoke, paused = context.parts, after, time.monotonic(), False
    while not context.leaving.is_set():
        position = await anyio.to_thread.run_sync(points.position, parts, run_id)
        while cursor < position.last_cursor:
            page = await anyio.to_thread.run_sync(points.page, parts, run_id, cursor, name, split, PAGE, target)
            cursor = page.next
            if page.points:
                spoke = time.monotonic()
                yield b"".join(event("point", orjson.dumps(asdict(p)), p.cursor) for p in page.points)
        if position.ended:
            yield event("end", orjson.dumps({"status": position.status, "next": cursor}), cursor)
            return
        was, paused = paused, position.status == Status.PAUSED
        if paused and not was:
            yield event("paused", orjson.dumps({"status": position.status, "next": cursor}), cursor)
        if time.monotonic() - spoke >= HEARTBEAT_S:
            spoke = time.monotonic()
            yield b": the run is %s\n\n" % position.status.encode()
        await anyio.sleep(POLL_S)


def event(kind: str, data: bytes, cursor: int) -> bytes:
    """One event in the form of the HTML standard, section 9.2; the data is a single line."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (cursor, kind.encode(), data)
