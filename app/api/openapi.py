"""The OpenAPI document: what FastAPI knows of the routes, and what stands outside of its models."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.api.schemas.predict import OPERATION, SHOWN
from app.api.schemas.problem import Problem, problems
from app.api.schemas.registry import Promotion


def describe(app: FastAPI) -> None:
    """Make `app.openapi` give the whole document, computed once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way of extending it


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes
    )
    shown: tuple[type[BaseModel], ...] = (Problem, Promotion, *SHOWN)
    _, schemas = models_json_schema(
        [(model, "serialization") for model in shown], ref_template="#/components/schemas/{model}"
    )
    document["paths"]["/predict"] = {"post": OPERATION}
    known = document.setdefault("components", {}).setdefault("schemas", {})
    known.update(schemas["$defs"])
    for path in document["paths"].values():
        for operation in path.values():
            if "422" in operation["responses"]:  # FastAPI's own, for parameters; ours are problems like all errors
                operation["responses"]["422"] = problems(422)[422]
    for name in ("HTTPValidationError", "ValidationError"):
        known.pop(name, None)
    return document
