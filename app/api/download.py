"""Files that clients download, whole or in ranges (RFC 9110, section 14); only a range beyond the file is a problem."""

import os
import re

import anyio.to_thread
from fastapi.responses import FileResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app.api.problems import HTTP_RULES, problem
from app.errors import Fault

_SPEC = re.compile(r"([0-9]+)-([0-9]*)|-([0-9]+)")
_DIGITS = 18
"""Positions with more digits than that lie beyond every file; int() would refuse a few thousand."""


class Download(FileResponse):
    """A file. Starlette answers the ranges, once the header Range has been put into words that it takes rightly."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or what of it was asked for."""
        asked = Request(scope).headers.get("range")
        if asked is not None:
            if self.stat_result is None:
                self.stat_result = await anyio.to_thread.run_sync(os.stat, self.path)
                self.set_stat_headers(self.stat_result)
            scope = _with_range(scope, understood(asked, self.stat_result.st_size))
        refusal: Response | None = None

        async def checked(message: Message) -> None:
            nonlocal refusal
            if message["type"] == "http.response.start" and message["status"] >= 400:
                size = dict(message["headers"])[b"content-range"].decode()
                refusal = _no_such_range(Request(scope), asked or "", size)
            if refusal is None:
                await send(message)

        await super().__call__(scope, receive, checked)
        if refusal is not None:
            await refusal(scope, receive, send)


def understood(asked: str, size: int) -> str | None:
    """The ranges of a header Range that a file of `size` bytes can answer; one past its end where it has none of them.

    None where the header is passed over: another unit than bytes, or no ranges as RFC 9110 writes them.
    """
    unit, _, listed = asked.partition("=")
    if unit.strip().lower() != "bytes":
        return None
    specs = [spec for one in listed.split(",") if (spec := one.strip(" \t"))]
    found: list[str] = []
    for spec in specs:
        read = _SPEC.fullmatch(spec)
        if read is None:
            return None
        first, last, suffix = (_position(digits) for digits in read.groups())
        if first is not None and last is not None and last < first:
            return None
        if suffix is not None:
            first = max(size - suffix, 0)
        if first is not None and first < size:
            found.append(f"{first}-{'' if last is None else last}")
    return f"bytes={','.join(found) or f'{size}-'}" if specs else None


def _position(digits: str | None) -> int | None:
    if not digits:
        return None
    bare = digits.lstrip("0")
    return int(bare or "0") if len(bare) <= _DIGITS else 10**_DIGITS


def _with_range(scope: Scope, range_: str | None) -> Scope:
    others = [(name, value) for name, value in scope["headers"] if name != b"range"]
    return {**scope, "headers": [*others, *([(b"range", range_.encode())] if range_ else [])]}


def _no_such_range(request: Request, asked: str, size: str) -> Response:
    detail = f"{asked!r} names no bytes of it: the file is {size.removeprefix('bytes */')} bytes long"
    return problem(request, HTTP_RULES[416], detail, faults=[Fault("Range", detail)], headers={"content-range": size})
