"""JSON Schemas of a run's body, whole or one of EIR's files alone: every key with its default and a line on it."""

from collections.abc import Iterator
from typing import Any, Literal, get_args

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from models.config.keys import ConfigObject, OnlyDefault
from models.config.notes import fields, inner_model
from models.config.shortcuts import SECTIONS, FullForm, ShortForm

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ConfigPart = Literal["short", "full", "globals", "input", "fusion", "output"]
"""What a schema may be asked for alone: a form of the body, or one of EIR's files."""
PARTS: tuple[ConfigPart, ...] = get_args(ConfigPart)

_WORDS: dict[ConfigPart, str] = {
    "short": "A run in a few words; what is left out is chosen from the data.",
    "full": "A run as EIR's configuration objects.",
    "globals": "EIR's globals file, as `octet train` reads it.",
    "input": "EIR's input file, for bytes, as `octet train` reads it.",
    "fusion": "EIR's fusion file, as `octet train` reads it.",
    "output": "EIR's output file, for columns of a table, as `octet train` reads it.",
}
_LISTED = ("input", "output")
"""Sections that may stand in a list of one."""


class _Untitled(GenerateJsonSchema):
    """Without the titles that pydantic makes up from field names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def config_schema(part: ConfigPart | None = None) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a run's body, short or full, or of a part of it.

    A body that the service takes is valid; the service checks more than a schema can say.
    """
    definitions = _definitions()
    if part is None:
        words = "A run: a data set and its targets (short form), or EIR's configuration objects (full form)."
        forms = {"oneOf": [{"$ref": "#/$defs/ShortForm"}, {"$ref": "#/$defs/FullForm"}]}
        return {"$schema": DIALECT, "title": "Octet run", "description": words, **forms, "$defs": definitions}
    if part in ("short", "full"):
        schema: dict[str, Any] = {"$ref": f"#/$defs/{'ShortForm' if part == 'short' else 'FullForm'}"}
    else:
        one = definitions["FullForm"]["properties"][part]
        schema = {"anyOf": one["anyOf"]} if "anyOf" in one else {"$ref": one["$ref"]}
    if part == "globals":
        _let_a_file_name_ids(definitions["BasicExperiment"]["properties"])
    kept = _reachable(schema, definitions)
    return {
        "$schema": DIALECT,
        "title": f"Octet {part}",
        "description": _WORDS[part],
        **schema,
        "$defs": {name: definitions[name] for name in definitions if name in kept},
    }


def _definitions() -> dict[str, Any]:
    """The schemas of all objects of both forms."""
    _, schema = models_json_schema([(ShortForm, "validation"), (FullForm, "validation")], schema_generator=_Untitled)
    definitions: dict[str, Any] = schema["$defs"]
    for model in (*_models(ShortForm), *_models(FullForm)):
        properties = definitions[model.__name__]["properties"]
        for key, field in fields(model).items():
            if any(isinstance(mark, OnlyDefault) for mark in field.metadata):
                told = {name: properties[key][name] for name in ("default", "description")}
                properties[key] = {"const": field.default, **told}
            elif "$ref" in properties[key]:
                words = definitions[properties[key]["$ref"].removeprefix("#/$defs/")]["description"]
                properties[key] |= {"default": {}, "description": words}
    full_keys = definitions["FullForm"]["properties"]
    for section in _LISTED:
        one = {"$ref": full_keys[section].pop("$ref")}
        full_keys[section]["anyOf"] = [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 1}]
    definitions["FullForm"]["anyOf"] = [{"required": [section]} for section in SECTIONS]
    definitions["ShortForm"]["oneOf"] = [
        {"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in ("target", "targets")
    ]
    return definitions


def _models(model: type[ConfigObject]) -> Iterator[type[ConfigObject]]:
    """An object of the config and all objects within it."""
    yield model
    for field in fields(model).values():
        if inner := inner_model(field):
            yield from _models(inner)


def _let_a_file_name_ids(basic: dict[str, Any]) -> None:
    """The one key that a file may hold and a body may not: the command line reads it and sends what it names."""
    basic["manual_valid_ids_file"] = {
        "anyOf": [{"type": "string", "minLength": 1}, {"type": "null"}],
        "default": None,
        "description": "A file with the IDs that are held back, one a line; `octet train` reads it.",
    }


def _reachable(schema: Any, definitions: dict[str, Any]) -> set[str]:
    """The names of the definitions that a schema refers to, by whatever way."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            name = str(here.get("$ref", "")).removeprefix("#/$defs/")
            if name in definitions and name not in found:
                found.add(name)
                waiting.append(definitions[name])
            waiting += here.values()
        elif isinstance(here, list):
            waiting += here
    return found
