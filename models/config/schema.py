"""The JSON Schema of what POST /runs takes: both forms, every key with its default and a line on what it does."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from models.config.shortcuts import SECTIONS, FullForm, ShortForm


class _Untitled(GenerateJsonSchema):
    """Without the titles that pydantic makes up from field names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def config_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a run's body, short or full; the server checks more than a schema can say."""
    _, schema = models_json_schema([(ShortForm, "validation"), (FullForm, "validation")], schema_generator=_Untitled)
    definitions = schema["$defs"]
    full_keys = definitions["FullForm"]["properties"]
    for section in ("input", "output"):
        one = full_keys[section]
        full_keys[section] = {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 1}]}
    definitions["FullForm"]["anyOf"] = [{"required": [section]} for section in SECTIONS]
    definitions["ShortForm"]["oneOf"] = [{"required": ["target"]}, {"required": ["targets"]}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Octet run",
        "description": "A run: a data set and its targets (short form), or EIR's configuration objects (full form).",
        "oneOf": [{"$ref": "#/$defs/ShortForm"}, {"$ref": "#/$defs/FullForm"}],
        "$defs": definitions,
    }
