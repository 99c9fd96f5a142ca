"""Answers that a client already has: entity tags and 304 (RFC 9110, sections 8.8.3 and 13.1.2), digests (RFC 9530)."""

import base64
import hashlib
import re

from starlette.requests import Request
from starlette.responses import Response

TAG = re.compile(r'(?:W/)?"([^"]*)"')


def weak_tag(*state: object) -> str:
    """A weak entity tag of the state that an answer is made from: equal state, equal tag."""
    return f'W/"{hashlib.sha256(repr(state).encode()).hexdigest()[:20]}"'


def strong_tag(digest: str) -> str:
    """The entity tag of bytes that never change: their digest."""
    return f'"{digest}"'


def repr_digest(digest: str) -> str:
    """The value of Repr-Digest for a SHA-256 given as hex."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:"


def not_modified(request: Request, tag: str) -> Response | None:
    """A 304 when the client's If-None-Match names `tag` (weak comparison) or is `*`, else None."""
    asked = request.headers.get("if-none-match")
    if asked is None:
        return None
    wanted = TAG.findall(tag)
    if asked.strip() == "*" or set(TAG.findall(asked)) & set(wanted):
        return Response(status_code=304, headers={"etag": tag, "cache-control": "no-cache"})
    return None
