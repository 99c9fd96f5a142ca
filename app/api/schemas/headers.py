"""Headers of answers, as OpenAPI shows them: what each says, and which answer carries which."""

from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {"description": "Finds the request in the server's log; the client's own when it sent one."},
    "Traceparent": {
        "description": "W3C Trace Context: the client's trace when it sent a valid one, else one of its own. The log "
        "lines of the request, the events of its run and the worker's lines about it carry the trace id."
    },
    "Location": {"description": "Path of what was made or changed."},
    "ETag": {"description": "Of this state; send it as If-None-Match to get 304 while nothing changed."},
    "Retry-After": {
        "description": "Seconds after which to send it again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Idempotency-Replayed": {
        "description": "true: the run was made by an earlier request with this Idempotency-Key.",
        "schema": {"type": "string", "const": "true"},
    },
    "Repr-Digest": {"description": "SHA-256 of the whole file (RFC 9530)."},
    "Accept-Ranges": {"description": "bytes: parts of the file can be asked for.", "schema": {"const": "bytes"}},
    "Content-Range": {"description": "Which bytes these are, of how many; `bytes */SIZE` when there are no such."},
    "Content-Disposition": {"description": "A name for the file."},
    "X-Next": {"description": "`after` of the following call.", "schema": {"type": "integer"}},
}
"""Every header that some answer carries, with its schema (a string when none stands here)."""

_FILE = ("Repr-Digest", "Accept-Ranges", "Content-Disposition")
CARRIED: dict[tuple[str, int], tuple[str, ...]] = {
    ("upload_dataset", 200): ("Location",),
    ("upload_dataset", 201): ("Location",),
    ("submit_run", 202): ("Location", "Idempotency-Replayed"),
    ("cancel_run", 202): ("Location",),
    ("pause_run", 202): ("Location",),
    ("resume_run", 202): ("Location",),
    ("submit_prediction", 202): ("Location", "Idempotency-Replayed"),
    ("cancel_prediction", 202): ("Location",),
    ("get_prediction_result", 200): _FILE,
    ("get_prediction_result", 206): (*_FILE, "Content-Range"),
    ("download_weights", 200): _FILE,
    ("download_weights", 206): (*_FILE, "Content-Range"),
    ("list_points", 200): ("X-Next",),
}
"""Beside what all answers of a status carry: by operation and status."""


def components() -> dict[str, Any]:
    """components/headers of the document."""
    return {name: {"schema": _TEXT, **header} for name, header in HEADERS.items()}


def carried(operation: str, status: int, *, conditional: bool) -> dict[str, Any]:
    """The headers of one answer, by reference. `conditional`: the operation answers If-None-Match."""
    names = ["X-Request-Id", "Traceparent", *CARRIED.get((operation, status), ())]
    if conditional and status in {200, 206, 304}:
        names.append("ETag")
    names += {416: ["Content-Range"], 503: ["Retry-After"]}.get(status, [])
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
