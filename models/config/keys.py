"""What Octet does with a key of EIR's: honours it, takes it without effect, or refuses all but its default."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""What people read in answers and lists: short, on one line."""

DatasetName = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""The name or id of a data set; '' where a body may leave it out."""


class ConfigObject(BaseModel):
    """A part of the config: types as they are written (no '3' for 3), no unknown keys, never changed in place."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def or_null(schema: dict[str, Any]) -> None:
    """Says in a key's JSON Schema that null may be written, where the field itself always holds what null means."""
    value = {key: schema.pop(key) for key in list(schema) if key not in ("default", "description")}
    schema["anyOf"] = [value, {"type": "null"}]


@dataclass(frozen=True, slots=True)
class WithoutEffect:
    """Marks a key that is accepted and then ignored; why stands in the run's notes. Declare the field exclude=True."""

    why: str

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(core) | {"description": f"Accepted without effect: {self.why}."}


@dataclass(frozen=True, slots=True)
class OnlyDefault:
    """Marks a key that is refused unless it holds its default. Declare the field exclude=True."""

    why: str

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(core) | {"description": f"Only the default is accepted: {self.why}."}


@dataclass(frozen=True, slots=True)
class Refuses:
    """Reasons for values that EIR knows and Octet does not: (value, reason) pairs, told in the fault."""

    reasons: tuple[tuple[str, str], ...]

    def reason(self, value: Any) -> str | None:
        """Why this value is refused, or None when nothing special is known of it."""
        return dict(self.reasons).get(value) if isinstance(value, str) else None
