"""Request bodies read within limits: by their declared length before the first byte, by count while they arrive."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import anyio
import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from app.api.context import context_of
from app.errors import DomainError, Example, Fault, Invalid, TooLarge, Unsupported

LOOKED_THROUGH_BYTES = 2**20
"""Bodies up to this size are looked through for keys that stand twice; it takes some milliseconds."""

Shape = TypeVar("Shape", bound=BaseModel)


STOP_SEEN_S = 0.5
"""A client that sends slowly or not at all does not keep the application from ending for longer than this."""


class Malformed(DomainError):
    """The body cannot be read at all: not JSON, not multipart, or cut short."""

    rule = "malformed"
    title = "The body cannot be read"
    mend = "Let a library write the JSON or the form, and send the body to its end."
    example = Example("the body is not JSON: unexpected end of data: line 1 column 1 (char 0)")


def refuse_declared(request: Request, *, limit_bytes: int) -> int:
    """The Content-Length, 0 where there is none; nothing is read.

    Raises TooLarge when it alone shows that the body is too large, Unsupported when the body is compressed by HTTP.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise Unsupported(f"the content-encoding is {encoding}; send the bytes as they are, without this header")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit_bytes:
        raise TooLarge(f"the body has {declared} bytes; at most {limit_bytes} are taken")
    return int(declared) if declared.isdecimal() else 0


async def chunks(request: Request, *, limit_bytes: int) -> AsyncIterator[bytes]:
    """The body, piece by piece, in one pass. Raises TooLarge as soon as it is known."""
    refuse_declared(request, limit_bytes=limit_bytes)
    count = 0
    async for chunk in _arriving(request):
        count += len(chunk)
        if count > limit_bytes:
            raise TooLarge(f"the body has more than the {limit_bytes} bytes that are taken")
        yield chunk


async def _arriving(request: Request) -> AsyncIterator[bytes]:
    """The pieces of the body. Raises ClientDisconnect, and Stopping soon after the application is told to end."""
    context, more = context_of(request), True
    while more:
        context.refuse_when_stopping()
        message = None
        with anyio.move_on_after(STOP_SEEN_S):
            message = await request.receive()
        if message is None:
            continue
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        if body := message.get("body", b""):
            yield body


async def read_json(request: Request, *, limit_bytes: int) -> Any:
    """The body as JSON. Raises Unsupported for another content type, TooLarge, and Malformed with the place."""
    return (await _parsed(request, limit_bytes=limit_bytes))[1]


async def _parsed(request: Request, *, limit_bytes: int) -> tuple[bytes, Any]:
    """The body as it came, and as JSON."""
    kind = media_type(request)
    if kind and kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Unsupported(f"the content type is {kind}; send JSON with content-type: application/json")
    raw = b"".join([chunk async for chunk in chunks(request, limit_bytes=limit_bytes)])
    if b"\\u0000" in raw:
        raise Malformed("the body has a NUL character (\\u0000) in it; no name and no value has one")
    try:
        return raw, orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"the body is not JSON: {error}") from error


async def read_object(request: Request, *, limit_bytes: int) -> dict[str, Any]:
    """As read_json, for a body that must be an object. Raises Invalid for any other JSON, or for a key given twice."""
    raw, body = await _parsed(request, limit_bytes=limit_bytes)
    if not isinstance(body, dict):
        raise Invalid("the body must be a JSON object, {...}")
    if len(raw) <= LOOKED_THROUGH_BYTES and (key := _given_twice(raw)) is not None:
        raise Malformed(f"the key {key!r} stands twice in one object of the body; write it once")
    return body


def _given_twice(raw: bytes) -> str | None:
    """A key that one object of sound JSON has twice: readers keep the last, and the first would be lost in silence."""
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        seen = Counter(key for key, _ in pairs)
        found.extend(key for key, count in seen.items() if count > 1)

    with suppress(RecursionError):  # as deep as no body of ours; its other faults are told
        json.loads(raw, object_pairs_hook=look)
    return found[0] if found else None


def validated(shape: type[Shape], body: object) -> Shape:
    """The body in its declared shape. Raises Invalid with a pointer per fault."""
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        faults = [Fault(json_pointer(found["loc"]), found["msg"]) for found in error.errors()]
        raise Invalid("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults), faults) from error


def json_pointer(path: Sequence[int | str]) -> str:
    """RFC 6901: the path's parts, each with ~ and / escaped."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def media_type(request: Request) -> str:
    """The content type without its parameters, in lower case; empty when there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
