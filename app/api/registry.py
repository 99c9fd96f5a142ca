"""Routes of the registry: names for trained models, promoted and rolled back in one moment."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import read_object, validated
from app.api.context import PartsOf, context_of
from app.api.parameters import KNOWN_ALONE
from app.api.schemas.problem import problems
from app.api.schemas.registry import Promotion, RegisteredModel, RegisteredModels
from app.services import registry
from app.services.registry import PATTERN
from app.services.registry import rollback as serve_previous

MAX_LIMIT = 1000

router = APIRouter(tags=["models"], dependencies=[KNOWN_ALONE])

Name = Annotated[str, Path(description="A name of the registry; `default` answers when a prediction names nothing.")]

NewName = Annotated[str, Path(description="A new name or one that exists.", json_schema_extra={"pattern": PATTERN})]


async def _promotion(request: Request) -> Promotion:
    limits = context_of(request).parts.settings.limits
    return validated(Promotion, await read_object(request, limit_bytes=limits.json_max_bytes))


Promoted = Annotated[Promotion, Depends(_promotion)]


@router.get("/models", summary="List models", response_model=RegisteredModels)
def list_models(
    parts: PartsOf,
    after: Annotated[str, Query(description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 100,
) -> dict[str, Any]:
    """Every name, with what it stands for, in the order of names."""
    found = registry.list_models(parts, after, limit + 1)
    return {"models": found[:limit], "next": found[limit - 1].name if len(found) > limit else None}


@router.get("/models/{name}", summary="Read a model", response_model=RegisteredModel, responses=problems(404))
def get_model(parts: PartsOf, name: Name) -> registry.ModelView:
    """One name and its history."""
    return registry.get_model(parts, name)


@router.put(
    "/models/{name}",
    summary="Promote a run",
    response_model=RegisteredModel,
    responses=problems(404, 409, 413, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Promotion"}}},
        }
    },
)
def promote_run(
    parts: PartsOf, name: NewName, promotion: Annotated[Promotion, Depends(_promotion)]
) -> registry.ModelView:
    """Let the name stand for a run's checkpoint; predictions use it within a second."""
    return registry.promote(parts, name, promotion.run, promotion.checkpoint)


@router.delete(
    "/models/{name}", summary="Remove a model", status_code=204, response_class=Response, responses=problems(404)
)
def delete_model(parts: PartsOf, name: Name) -> Response:
    """The name and its history; the runs that it stood for stay."""
    registry.remove_model(parts, name)
    return Response(status_code=204)


@router.post(
    "/models/{name}/rollback", summary="Roll back", response_model=RegisteredModel, responses=problems(404, 409)
)
def roll_back(parts: PartsOf, name: Name) -> registry.ModelView:
    """Let the name stand for what it stood for before."""
    return serve_previous(parts, name)
