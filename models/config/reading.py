"""From a body to a typed object: every wrong key and value becomes one fault at its place in the body."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.config.faults import Fault, pointer, printable
from models.config.keys import ConfigObject
from models.config.notes import refused_keys
from models.config.words import Parts, in_words

Form = TypeVar("Form", bound=ConfigObject)

DEPTH = 8
"""No object of a config lies deeper; below it a body is passed on as it is."""

MOST_FAULTS = 100
"""A body with more faults is told this many; nobody reads on, and looking for near names takes time."""


def read(model: type[Form], body: dict[str, Any]) -> tuple[Form | None, list[Fault]]:
    """The object that body describes, and all faults of single keys.

    With faults the object is what remains when the faulty keys are left out, so that rules about several keys can
    still be tried on the others; None where too little remains.
    """
    kept, strange = _copy(body)
    found = strange + refused_keys(model, kept)
    try:
        return model.model_validate(kept), found
    except ValidationError as error:
        details = error.errors(include_url=False)
    places = [_place(kept, detail) for detail in details]
    inner = {parts[:size] for parts in places for size in range(len(parts))}
    faults = {fault.pointer: fault for fault in found}
    for parts, detail in zip(places, details, strict=True):
        if parts in inner or len(faults) >= MOST_FAULTS:
            continue  # the deeper fault says it better
        at = pointer(*parts)
        if at not in faults:
            faults[at] = Fault(at, in_words(model, parts, detail))
        _take_out(kept, parts, missing=detail["type"] == "missing")
    try:
        return model.model_validate(kept), list(faults.values())
    except ValidationError:
        return None, list(faults.values())


def _copy(value: Any, parts: Parts = ()) -> tuple[Any, list[Fault]]:
    """value with objects that may be changed, and without keys that are no text (YAML) or no Unicode (JSON escapes)."""
    if not isinstance(value, dict) or len(parts) > DEPTH:
        return value, []
    copied, faults = {}, []
    for key, inner in value.items():
        if isinstance(key, str) and printable(key) == key:
            copied[key], deeper = _copy(inner, (*parts, key))
            faults += deeper
        else:
            faults.append(Fault(pointer(*parts, key), "unknown key; keys are text."))
    return copied, faults[:MOST_FAULTS]


def _place(body: Any, detail: ErrorDetails) -> Parts:
    """The part of pydantic's location that is a path in the body (it also names the members of unions)."""
    loc: Sequence[str | int] = detail["loc"]
    parts: list[str | int] = []
    for at, part in enumerate(loc):
        within_list = isinstance(body, list) and isinstance(part, int) and part < len(body)
        if within_list or (isinstance(body, dict) and part in body):
            body = body[part]
        elif not (detail["type"] == "missing" and at == len(loc) - 1):
            continue
        parts.append(part)
    return tuple(parts)


def _take_out(body: dict[str, Any], parts: Parts, *, missing: bool) -> None:
    """Leaves out the key at parts (the whole list when it lies in one); a missing text gets a stand-in."""
    for at, part in enumerate(parts):
        last, inner = at == len(parts) - 1, body.get(str(part))
        if last and missing:
            body[str(part)] = "-"
        elif last or not isinstance(inner, dict):
            body.pop(str(part), None)
            return
        else:
            body = inner
