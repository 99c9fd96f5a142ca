"""Routes about the service itself: the index, health, Prometheus, the config's schema, the problem types."""

import logging
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from app.api.accept import preferred
from app.api.context import PartsOf, context_of
from app.api.pages import rule_as_json, rule_page, rules_page
from app.api.parameters import KNOWN_ALONE
from app.api.problems import rules
from app.api.schemas.problem import ProblemType, ProblemTypes, problems
from app.api.schemas.system import Alive, Index, Ready
from app.errors import Busy, DomainError, Example, Fault, NotFound
from app.services.disk import Disk, fullest
from models.config import ConfigPart, config_schema

log = logging.getLogger(__name__)
HTML, JSON = "text/html", "application/json"
VARY = {"vary": "accept"}

router = APIRouter(tags=["system"], dependencies=[KNOWN_ALONE])


class NotReady(Busy):
    """A part that every request needs does not answer."""

    rule = "not-ready"
    title = "The service is not ready"
    mend = "Wait for the part that the detail names, or start it; the service's log says why it does not answer."
    example = Example("not ready: broker", "broker")

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"not ready: {', '.join(fault.pointer for fault in faults)}", retry_after_s=1)
        self.faults = faults


@router.get("/", summary="Where to begin")
def get_index() -> Index:
    """Links to everything."""
    return Index(
        name="octet",
        version=version("octet"),
        links={
            "docs": "/docs",
            "openapi": "/openapi.json",
            "datasets": "/datasets",
            "runs": "/runs",
            "models": "/models",
            "predict": "/predict",
            "predictions": "/predictions",
            "config_schema": "/config/schema",
            "problems": "/problems",
            "live": "/health/live",
            "ready": "/health/ready",
            "metrics": "/metrics",
        },
    )


@router.get("/health/live", summary="Whether the process answers")
async def is_live() -> Alive:
    """Asks nothing of any part, nor of a thread: a restart is the right answer to its silence."""
    return Alive()


@router.get("/health/ready", summary="Whether every part answers", responses=problems(503))
def is_ready(request: Request, parts: PartsOf) -> Ready:
    """Asks the database, its tables' version and the broker, and looks at the disks.

    A full disk is no reason to send clients away: predictions and everything that reads still answer. An order to stop
    is one, from the moment it comes.
    """
    if context_of(request).unready.is_set():
        raise NotReady([Fault("service", "is being stopped; ask another one, or come again")])
    checks: dict[str, Callable[[], object]] = {
        "database": parts.db.ping,
        "tables": parts.db.check_revision,
        "broker": parts.broker.ping,
        "disk": lambda: found.append(fullest(parts.settings)),
    }
    found: list[Disk] = []
    faults = []
    for name, check in checks.items():
        try:
            check()
        except Exception as error:  # whatever a driver raises, the answer is: not ready
            log.warning("%s is not ready: %s", name, error)
            unknown = f"does not answer ({type(error).__name__}); the server's log says more"
            faults.append(Fault(name, error.detail if isinstance(error, DomainError) else unknown))
    if faults:
        raise NotReady(faults)
    [disk] = found
    warnings = [] if disk.state == "ok" else [disk.words]
    return Ready(checks={**dict.fromkeys(checks, "ok"), "disk": disk.state}, warnings=warnings)


@router.get(
    "/metrics",
    summary="Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def prometheus(request: Request) -> Response:
    """Text exposition of counters and gauges."""
    return Response(
        generate_latest(context_of(request).telemetry.registry), headers={"content-type": CONTENT_TYPE_LATEST}
    )


@router.get("/config/schema", summary="JSON Schema of POST /runs", responses=problems(422))
def get_config_schema(
    part: Annotated[
        ConfigPart | None, Query(description="One form, or one of EIR's files, alone: for editors.")
    ] = None,
) -> dict[str, Any]:
    """Short and full form, with defaults and a line for each key."""
    return config_schema(part)


@router.get(
    "/problems",
    summary="All problem types",
    response_model=ProblemTypes,
    responses={200: {"content": {HTML: {"schema": {"type": "string"}}}}},
)
def list_problem_types(request: Request) -> Response:
    """By `Accept`: a page for people, or JSON. One line for each."""
    known = sorted(rules().values(), key=lambda rule: (rule.status, rule.slug))
    if preferred(request.headers.get("accept"), (HTML, JSON)) == JSON:
        return _json({"problems": [rule_as_json(rule) for rule in known]})
    return HTMLResponse(rules_page(known), headers=VARY)


@router.get(
    "/problems/{rule}",
    summary="What a problem type means",
    response_model=ProblemType,
    responses={200: {"content": {HTML: {"schema": {"type": "string"}}}}, **problems(404)},
)
def get_problem_type(request: Request, rule: str) -> Response:
    """What the `type` of a problem resolves to: cause, mend and an example; by `Accept` a page for people, or JSON."""
    known = rules()
    if rule not in known:
        raise NotFound(f"no problem type is called {rule}; GET /problems lists them")
    if preferred(request.headers.get("accept"), (HTML, JSON)) == JSON:
        return _json(rule_as_json(known[rule]))
    return HTMLResponse(rule_page(known[rule]), headers=VARY)


def _json(body: object) -> Response:
    return Response(orjson.dumps(body), media_type=JSON, headers=VARY)
