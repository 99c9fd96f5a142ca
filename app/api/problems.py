"""From errors to HTTP: the one map of error classes to status codes, and the problem document of every failure."""

import errno
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.api.body import Malformed, json_pointer
from app.api.schemas.problem import MEDIA_TYPE
from app.errors import Busy, Conflict, DomainError, Fault, Invalid, NotFound, TooLarge, Unsupported, known_rules

log = logging.getLogger(__name__)

STATUS: dict[type[DomainError], int] = {
    Malformed: 400,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    Unsupported: 415,
    Invalid: 422,
    Busy: 503,
}
"""Each class by meaning; the errors of the rules inherit from one of these. A test proves that none is missing."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the page of a problem type says."""

    slug: str
    title: str
    status: int
    meaning: str


HTTP_RULES = {
    status: Rule(slug, title, status, meaning)
    for status, slug, title, meaning in (
        (404, "no-such-path", "No such path", "No route has this path; GET / lists where to begin."),
        (405, "method-not-allowed", "Method not allowed", "The path exists; the header Allow lists its methods."),
        (507, "disk-full", "The disk is full", "Nothing was stored; make room where OCTET_DATA_DIR is, and try again."),
        (500, "internal-error", "Internal error", "The fault is the server's; its log has it under the request id."),
    )
}
"""Failures of HTTP itself, about which no use case was asked."""
PARAMETERS = Rule(
    "parameters", "A parameter breaks a rule", 422, "Query parameters, headers and path parts; `errors` names each."
)


def status_of(kind: type[DomainError]) -> int:
    """The HTTP status of an error class: its own, or that of the nearest class it derives from."""
    return next(STATUS[ancestor] for ancestor in kind.__mro__ if ancestor in STATUS)


def rules() -> dict[str, Rule]:
    """Every problem type that this server can answer with, by slug."""
    found = {rule.slug: rule for rule in (*HTTP_RULES.values(), PARAMETERS)}
    for slug, kind in known_rules().items():
        if kind is not DomainError:
            found[slug] = Rule(slug, kind.title, status_of(kind), (kind.__doc__ or "").strip())
    return found


def problem(
    request: Request,
    rule: Rule,
    detail: str,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The problem document as a response."""
    return Response(
        orjson.dumps(
            {
                "type": f"/problems/{rule.slug}",
                "title": rule.title,
                "status": rule.status,
                "detail": detail,
                "instance": request.url.path,
                "request_id": request.scope.get("state", {}).get("request_id", ""),
                "errors": [{"pointer": fault.pointer, "detail": fault.detail} for fault in faults],
            }
        ),
        status_code=rule.status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


async def _of_domain_error(request: Request, error: DomainError) -> Response:
    """A refused use case."""
    rule = Rule(error.rule, error.title, status_of(type(error)), "")
    headers = {"retry-after": str(max(1, math.ceil(error.retry_after_s)))} if isinstance(error, Busy) else None
    return problem(request, rule, error.detail, faults=error.faults, headers=headers)


def unexpected(request: Request) -> Response:
    """What nobody foresaw: the client learns where to look it up, and nothing of the inside."""
    return problem(request, HTTP_RULES[500], "The server failed; its log has the cause under this request_id.")


def nul_in_address(request: Request) -> Response:
    """No name has a NUL character, and some databases refuse to look for one."""
    rule = Rule(Malformed.rule, Malformed.title, STATUS[Malformed], "")
    return problem(request, rule, "the address has a NUL character (%00) in it; no name has one")


async def _of_os_error(request: Request, error: OSError) -> Response:
    """A full disk is said in words; any other is what nobody foresaw."""
    if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
        raise error
    log.error("the disk is full: %s", error)
    return problem(request, HTTP_RULES[507], HTTP_RULES[507].meaning)


def handle_problems(app: FastAPI) -> None:
    """Make every failure of `app` a problem document; 500 is the outermost layer's (app.api.observe)."""

    async def http(request: Request, error: HTTPException) -> Response:
        return _of_http_exception(app, request, error)

    app.exception_handlers |= {
        DomainError: _of_domain_error,
        RequestValidationError: _of_validation_error,
        HTTPException: http,
        OSError: _of_os_error,
    }


def _of_http_exception(app: FastAPI, request: Request, error: HTTPException) -> Response:
    if error.status_code == 404:
        return problem(request, HTTP_RULES[404], f"nothing is at {request.url.path}; GET / lists where to begin")
    if error.status_code == 405:
        allowed = ", ".join(_methods(app, request.scope["path"]))
        detail = f"{request.url.path} does not take {request.method}; it takes {allowed}"
        return problem(request, HTTP_RULES[405], detail, headers={"allow": allowed})
    known = {Malformed.rule: Malformed, TooLarge.rule: TooLarge, Unsupported.rule: Unsupported}
    kind = next((kind for kind in known.values() if STATUS[kind] == error.status_code), Invalid)
    rule = Rule(kind.rule, kind.title, error.status_code, "")
    return problem(request, rule, str(error.detail), headers=error.headers)


def _methods(app: FastAPI, path: str) -> list[str]:
    """Every method that some route takes at this path."""
    routes = [route for route in app.routes if isinstance(route, Route) and route.path_regex.match(path)]
    methods = {method for route in routes for method in route.methods or ()}
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


async def _of_validation_error(request: Request, error: RequestValidationError) -> Response:
    faults = [Fault(_pointer(found["loc"]), _words(found)) for found in error.errors()]
    detail = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults)
    return problem(request, PARAMETERS, detail, faults=faults)


def _pointer(loc: Sequence[int | str]) -> str:
    """A parameter by its name, a place in the body by its JSON pointer."""
    place, *rest = loc
    return json_pointer(rest) if place == "body" else ".".join(map(str, rest)) or str(place)


def _words(found: Mapping[str, Any]) -> str:
    return f"{found['msg']}, got {found['input']!r}" if "input" in found else str(found["msg"])
