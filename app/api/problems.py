"""From errors to HTTP: the one map of error classes to status codes, and the problem document of every failure."""

import errno
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from inspect import getdoc
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.api.body import Malformed, json_pointer
from app.api.root import rooted, route_path
from app.api.schemas.problem import MEDIA_TYPE
from app.errors import (
    Busy,
    Conflict,
    DomainError,
    Example,
    Fault,
    Invalid,
    NotFound,
    TooLarge,
    Unsupported,
    known_rules,
)

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
    mend: str
    example: Example


HTTP_RULES = {
    404: Rule(
        "no-such-path",
        "No such path",
        404,
        "No route has this path.",
        "Begin at GET /, which links to everything; /openapi.json has every path.",
        Example("nothing is at /run; GET / lists where to begin"),
    ),
    405: Rule(
        "method-not-allowed",
        "Method not allowed",
        405,
        "The path exists, but it does not take this method.",
        "Use one of the methods of the header Allow; OPTIONS at the path gives it, too.",
        Example("/runs does not take DELETE; it takes GET, HEAD, OPTIONS, POST"),
    ),
    416: Rule(
        "range-not-satisfiable",
        "No such range",
        416,
        "The header Range names bytes that the file does not have.",
        "Ask within the size that Content-Range gives, or leave Range out.",
        Example("the file has no such bytes; its size stands in Content-Range", "Range"),
    ),
    500: Rule(
        "internal-error",
        "Internal error",
        500,
        "The fault is the server's, not the request's.",
        "Give the request_id to whoever runs the service: its log has the cause under it.",
        Example("The server failed; its log has the cause under this request_id."),
    ),
    507: Rule(
        "disk-full",
        "The disk is full",
        507,
        "The service could not write, or would have filled the disk; nothing was stored.",
        "Make room where OCTET_DATA_DIR is (uploads leave OCTET_DISK_RESERVE_BYTES free), and send the request again.",
        Example("Nothing was stored; make room where OCTET_DATA_DIR is, and try again."),
    ),
}
"""Failures of HTTP itself, about which no use case was asked."""
PARAMETERS = Rule(
    "parameters",
    "A parameter breaks a rule",
    422,
    "A query parameter, header or part of the path is not what the route takes.",
    "Change every parameter that `errors` names; /openapi.json has the type and the limits of each.",
    Example("limit: Input should be greater than or equal to 1, got '0'", "limit"),
)


def status_of(kind: type[DomainError]) -> int:
    """The HTTP status of an error class: its own, or that of the nearest class it derives from."""
    return next(STATUS[ancestor] for ancestor in kind.__mro__ if ancestor in STATUS)


def rule_of(kind: type[DomainError]) -> Rule:
    """What an error class says of its rule."""
    return Rule(kind.rule, kind.title, status_of(kind), getdoc(kind) or "", kind.mend, kind.example)


def rules() -> dict[str, Rule]:
    """Every problem type that this server can answer with, by slug."""
    found = {rule.slug: rule for rule in (*HTTP_RULES.values(), PARAMETERS)}
    for slug, kind in known_rules().items():
        if kind is not DomainError:
            found[slug] = rule_of(kind)
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
    instance = rooted(route_path(request.scope))
    request_id = request.scope.get("state", {}).get("request_id", "")
    return Response(
        orjson.dumps(problem_body(rule, detail, faults, instance, request_id)),
        status_code=rule.status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def problem_body(rule: Rule, detail: str, faults: Sequence[Fault], instance: str, request_id: str) -> dict[str, object]:
    """The members of a problem document."""
    return {
        "type": rooted(f"/problems/{rule.slug}"),
        "title": rule.title,
        "status": rule.status,
        "detail": detail,
        "instance": instance,
        "request_id": request_id,
        "errors": [_shown(fault) for fault in faults],
    }


def _shown(fault: Fault) -> dict[str, str | int]:
    """A fault as it is written; row and column only where there is a table."""
    return {name: value for name, value in asdict(fault).items() if value is not None}


async def _of_domain_error(request: Request, error: DomainError) -> Response:
    """A refused use case."""
    rule = rule_of(type(error))
    headers = {"retry-after": str(max(1, math.ceil(error.retry_after_s)))} if isinstance(error, Busy) else None
    return problem(request, rule, error.detail, faults=error.faults, headers=headers)


def unexpected(request: Request) -> Response:
    """What nobody foresaw: the client learns where to look it up, and nothing of the inside."""
    return problem(request, HTTP_RULES[500], "The server failed; its log has the cause under this request_id.")


def nul_in_address(request: Request) -> Response:
    """No name has a NUL character, and some databases refuse to look for one."""
    return problem(request, rule_of(Malformed), "the address has a NUL character (%00) in it; no name has one")


async def _of_os_error(request: Request, error: OSError) -> Response:
    """A full disk is said in words; any other is what nobody foresaw."""
    if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
        raise error
    log.error("the disk is full: %s", error)
    return problem(request, HTTP_RULES[507], HTTP_RULES[507].example.detail)


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
    path, options = route_path(request.scope), request.method == "OPTIONS"
    if error.status_code == 404 and not (options and path == "*"):
        return problem(request, HTTP_RULES[404], f"nothing is at {path}; {_elsewhere(app, path)}")
    if error.status_code in (404, 405):
        allowed = ", ".join(_methods(app, path))
        if options:
            return Response(status_code=204, headers={"allow": allowed})
        detail = f"{path} does not take {request.method}; it takes {allowed}"
        return problem(request, HTTP_RULES[405], detail, headers={"allow": allowed})
    known = {Malformed.rule: Malformed, TooLarge.rule: TooLarge, Unsupported.rule: Unsupported}
    kind = next((kind for kind in known.values() if STATUS[kind] == error.status_code), Invalid)
    rule = replace(rule_of(kind), status=error.status_code)
    return problem(request, rule, str(error.detail), headers=error.headers)


def _elsewhere(app: FastAPI, path: str) -> str:
    """What to ask in place of a path that no route has."""
    plain = "/" + "/".join(filter(None, path.split("/")))
    known = plain != path and any(isinstance(route, Route) and route.path_regex.match(plain) for route in app.routes)
    return f"did you mean {plain}?" if known else "GET / lists where to begin"


def _methods(app: FastAPI, path: str) -> list[str]:
    """Every method that some route takes at this path; at `*`, any path."""
    routes = [route for route in app.routes if isinstance(route, Route)]
    there = [route for route in routes if path == "*" or route.path_regex.match(path)]
    methods = {method for route in there for method in route.methods or ()}
    return sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set()))


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
