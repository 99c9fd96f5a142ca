"""Says what is wrong with a key or a value, what belongs there, and which known name comes nearest."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from models.config.faults import pointer, printable
from models.config.keys import ConfigObject, Refuses
from models.config.notes import fields, inner_model
from models.config.shortcuts import FullForm, ShortForm

Parts = tuple[str | int, ...]

_INSTEAD = {
    "target": "in the full form targets stand in /output/output_type_info/target_cat_columns or target_con_columns",
    "preset": "a preset completes the short form; the full form has EIR's defaults",
}
_INSTEAD["targets"] = _INSTEAD["target"]
_SEVERAL = 'Several columns, or one with its kind, go into the list "targets": [{"name": ..., "type": "categorical"}].'


def in_words(model: type[ConfigObject], parts: Parts, detail: ErrorDetails) -> str:
    """The fault that pydantic found at parts, and the mend."""
    owner, key = _owner(model, parts)
    kind, value = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return _unknown_key(model, owner, str(parts[-1]))
    if kind == "value_error":
        return f"{shown(value)} is refused: {detail['ctx']['error']}."
    if key is None:
        return f"{shown(value)} is refused; write an object with text keys."
    schema = _schema(owner, key, parts)
    if kind == "missing":
        return f"is missing; write {expected(schema)}."
    hint = _hint(fields(owner)[key], schema, value)
    if owner is ShortForm and key == "target" and isinstance(value, dict | list):
        hint = f" {_SEVERAL}"
    return f"{shown(value)} is refused; write {expected(schema)}.{hint}"


def shown(value: Any) -> str:
    """A value as JSON, cut to a readable length."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list) and (len(value) > 5 or any(isinstance(item, dict | list) for item in value)):
        return "such a list"
    text = printable(json.dumps(value[:80] if isinstance(value, str) else value, ensure_ascii=False, default=str))
    return text if len(text) <= 60 else text[:57] + "..."


def nearest(name: Any, known: Iterable[str]) -> str | None:
    """The known name that looks most like name, if any does."""
    found = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def expected(schema: dict[str, Any]) -> str:
    """What a JSON Schema asks for, in words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(expected(one) for one in schema["anyOf"]))
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return ("one of " if len(schema["enum"]) > 1 else "") + ", ".join(map(json.dumps, schema["enum"]))
    match schema.get("type"):
        case "integer":
            return "an integer" + _bounds(schema)
        case "number":
            return "a number" + _bounds(schema)
        case "boolean":
            return "true or false"
        case "null":
            return "null"
        case "string":
            return "text" + _size(schema, "character") + (" without control characters" if "pattern" in schema else "")
        case "array":
            return f"a list{_size(schema, 'item')}, each {expected(schema['items'])}"
    return "an object"


def _bounds(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    words = [f" of at least {low}" if high is None else f" from {low} to {high}"] if low is not None else []
    words += [f" above {schema['exclusiveMinimum']}"] if "exclusiveMinimum" in schema else []
    words += [f" up to {high}"] if low is None and high is not None else []
    words += [f" below {schema['exclusiveMaximum']}"] if "exclusiveMaximum" in schema else []
    return " and".join(words)


def _size(schema: dict[str, Any], unit: str) -> str:
    kind = {"character": "Length", "item": "Items"}[unit]
    low, high = schema.get("min" + kind, 0), schema.get("max" + kind)
    if high is None:
        return " that is not empty" if low else ""
    return f" of {low} to {high} {unit}s" if low != high else f" of {low} {unit}"


def _hint(field: FieldInfo, schema: dict[str, Any], value: Any) -> str:
    """One more sentence, where the reason can be guessed."""
    words = expected(schema)
    reasons = [reason for mark in field.metadata if isinstance(mark, Refuses) and (reason := mark.reason(value))]
    if reasons:
        return f" {reasons[0][0].upper()}{reasons[0][1:]}."
    if isinstance(value, bool) and re.search("integer|number", words):
        return " true and false are no numbers."
    if isinstance(value, str) and re.search("integer|number", words) and (mend := _meant(value)):
        return f" {mend}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 and "integer" in words:
        return f" Write {int(value)}."
    if isinstance(value, bool) and "text" in words:
        return " Put it in quotes: YAML takes no, off, yes and on for false and true."
    if isinstance(value, int | float) and "text" in words:
        return " Put it in quotes."
    if value is None and words == "an object":
        return " Leave the key out, or write {}."
    if isinstance(value, str) and value.lower() in ("none", "null", "nil") and words.endswith("or null"):
        return " Write null, or leave the key out."
    choices = [one for one in re.findall('"([^"]*)"', words) if isinstance(value, str)]
    near = nearest(value, choices)
    return f" The nearest is {json.dumps(near)}." if near and len(choices) > 1 else ""


def _meant(text: str) -> str | None:
    """How to write the number that a text seems to mean; None when it means none."""
    bare = text.strip()
    try:
        if bare.endswith("%"):
            return f"Write {float(bare[:-1]) / 100:g}."
        if re.fullmatch(r"-?\d+,\d+", bare):
            return f"Write {bare.replace(',', '.')}."
        float(bare)
    except ValueError:
        return None
    return "Take away the quotes."


def _unknown_key(model: type[ConfigObject], owner: type[ConfigObject], key: str) -> str:
    if model is FullForm and owner is FullForm and key in _INSTEAD:
        return f"belongs to the short form; {_INSTEAD[key]}."
    if near := nearest(key, fields(owner)):
        return f"unknown key; the nearest known one is {near!r}."
    places = _all_places()
    if near := nearest(key, places):
        return f"unknown key; {near!r} is known at {places[near]}."
    return f"unknown key; known here are {', '.join(fields(owner))}."


@cache
def _all_places() -> dict[str, str]:
    return dict(_places(ShortForm)) | dict(_places(FullForm))


def _places(model: type[ConfigObject], parts: Parts = ()) -> Iterator[tuple[str, str]]:
    """Every key below model and where it stands; of keys with the same name, the last."""
    for key, field in fields(model).items():
        yield key, pointer(*parts, key)
        if inner := inner_model(field):
            yield from _places(inner, (*parts, key))


def _owner(model: type[ConfigObject], parts: Parts) -> tuple[type[ConfigObject], str | None]:
    """The object that holds the last key of parts, and that key (None when it is no known one)."""
    key: str | None = None
    for part in parts:
        if isinstance(part, int):
            continue
        if key is not None:
            model = inner_model(fields(model)[key]) or model
        key = part if part in fields(model) else None
    return model, key


@cache
def _properties(owner: type[ConfigObject]) -> dict[str, Any]:
    properties: dict[str, Any] = owner.model_json_schema()["properties"]
    return properties


def _schema(owner: type[ConfigObject], key: str, parts: Parts) -> dict[str, Any]:
    """The JSON Schema of a key, or of the items of its list when parts goes on into it."""
    schema: dict[str, Any] = _properties(owner)[key]
    if isinstance(parts[-1], int):
        lists = [one for one in schema.get("anyOf", [schema]) if "items" in one]
        return dict(lists[0]["items"]) if lists else schema
    return schema
