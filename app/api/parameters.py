"""Parameters of requests: numbers that every database can hold, and no name that a route does not know."""

import difflib
from collections import Counter
from collections.abc import Collection
from typing import Annotated

from fastapi import Depends, Query
from fastapi import Path as PathParameter
from fastapi.routing import APIRoute
from starlette.requests import Request

from app.errors import Example, Fault, Invalid

LARGEST = 2**31 - 1
"""Cursors and steps are 32-bit integers in the database."""

After = Annotated[int, Query(ge=0, le=LARGEST, description="`next` of the page before.")]
Step = Annotated[int, PathParameter(ge=0, le=LARGEST, description="Step of a stored checkpoint.")]


class UnknownParameter(Invalid):
    """The query has a parameter that this route does not take; a misspelt one would be ignored in silence."""

    rule = "unknown-parameter"
    title = "No such parameter"
    mend = "Write the parameter as the detail says; /openapi.json lists what each route takes."
    example = Example("statuss: unknown; did you mean status?", "statuss")


class RepeatedParameter(Invalid):
    """The query has a parameter twice, and a route takes each once; which was meant would be a guess."""

    rule = "repeated-parameter"
    title = "A parameter stands twice"
    mend = "Send every parameter once."
    example = Example("limit: stands twice; send it once", "limit")


def refuse_unknown(request: Request, known: Collection[str]) -> None:
    """Raises UnknownParameter with the nearest known name of each, RepeatedParameter."""
    faults = [Fault(name, _words(name, known)) for name in dict.fromkeys(request.query_params) if name not in known]
    if faults:
        raise UnknownParameter("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults), faults)
    counts = Counter(name for name, _ in request.query_params.multi_items())
    if twice := [Fault(name, "stands twice; send it once") for name, count in counts.items() if count > 1]:
        raise RepeatedParameter("; ".join(f"{fault.pointer}: {fault.detail}" for fault in twice), twice)


def _words(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    takes = f"this route takes {', '.join(sorted(known))}" if known else "this route takes no parameters"
    return f"unknown; did you mean {near[0]}?" if near else f"unknown; {takes}"


async def _known_alone(request: Request) -> None:
    route = request.scope.get("route")
    if request.query_params and isinstance(route, APIRoute):
        refuse_unknown(request, {str(field.alias) for field in route.dependant.query_params})


KNOWN_ALONE = Depends(_known_alone)
"""Dependency of every router: a query may hold what its route declares and nothing else."""
