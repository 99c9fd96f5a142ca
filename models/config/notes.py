"""Walks a body along the keys that Octet knows: notes what has no effect, finds what may only hold its default."""

from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

from pydantic.fields import FieldInfo

from models.config.faults import Fault, pointer
from models.config.keys import ConfigObject, OnlyDefault, WithoutEffect


class Known(NamedTuple):
    """A key of a body that Octet knows: its field, the value that was sent, and where."""

    parts: tuple[str, ...]
    field: FieldInfo
    value: Any


def note(at: str, detail: str) -> dict[str, str]:
    """An entry of a run's notes: a key and what becomes of it."""
    return {"pointer": at, "detail": detail}


def known_keys(model: type[ConfigObject], body: Any, parts: tuple[str, ...] = ()) -> Iterator[Known]:
    """Every key of body that model knows, outer ones first; what is no object is not entered."""
    if not isinstance(body, dict):
        return
    for key, field in fields(model).items():
        if key in body:
            yield Known((*parts, key), field, body[key])
            if inner := inner_model(field):
                yield from known_keys(inner, body[key], (*parts, key))


def fields(model: type[ConfigObject]) -> dict[str, FieldInfo]:
    """The fields of model by the names that a body uses."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def inner_model(field: FieldInfo) -> type[ConfigObject] | None:
    """The object that the field holds (or may hold), None for plain values."""
    kinds: list[Any] = [field.annotation]
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, ConfigObject):
            return kind
        kinds += get_args(kind)
    return None


def notes_of(model: type[ConfigObject], body: Any) -> list[dict[str, str]]:
    """One note for each key of body that is accepted without effect."""
    return [
        note(pointer(*key.parts), f"accepted without effect: {mark.why}")
        for key in known_keys(model, body)
        for mark in key.field.metadata
        if isinstance(mark, WithoutEffect)
    ]


def refused_keys(model: type[ConfigObject], body: Any) -> list[Fault]:
    """A fault for each key of body that may only hold its default and holds something else."""
    return [
        Fault(pointer(*key.parts), f"is not supported: {mark.why}. Leave it out.")
        for key in known_keys(model, body)
        for mark in key.field.metadata
        if isinstance(mark, OnlyDefault) and not _same(key.value, key.field.default)
    ]


def _same(value: Any, default: Any) -> bool:
    """Equal, and no boolean in a number's place."""
    return bool(value == default) and isinstance(value, bool) == isinstance(default, bool)
