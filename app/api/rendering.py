"""From what a use case returns to JSON in the shape that OpenAPI promises."""

from collections.abc import Mapping

from pydantic import BaseModel
from starlette.responses import Response


def json_of(
    shape: type[BaseModel], value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer with exactly the fields of `shape`, read from a dataclass, an object or a mapping."""
    text = shape.model_validate(value, from_attributes=True).model_dump_json(by_alias=True)
    return Response(text, status_code=status, media_type="application/json", headers=dict(headers or {}))
