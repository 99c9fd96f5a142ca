"""The names that users write: settings, config keys and routes. Changing one is a decision, so the list is frozen.

python -m tests.house.names      # writes names.txt anew
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from app.main import create_app
from app.settings import Settings
from models.config import config_schema
from tests.house.source import ROOT
from tests.support.parts import opened_parts

FILE = ROOT / "tests/house/names.txt"


def names(folder: Path) -> list[str]:
    """Every name, sorted; `folder` is scratch space."""
    url = f"sqlite:///{folder}/names.db"
    settings = [f"setting OCTET_{name.upper()}" for name in _fields(Settings)]
    keys = sorted({f"key {key}" for key in _keys(config_schema())})
    with opened_parts(folder, url) as parts:
        paths = create_app(parts).openapi()["paths"]
    routes = [f"route {method.upper()} {path}" for path, methods in paths.items() for method in methods]
    return sorted([*settings, *keys, *routes])


def _fields(room: type[BaseSettings]) -> Iterator[str]:
    for name, field in room.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseSettings):
            yield from _fields(field.annotation)
        else:
            yield name


def _keys(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"]
        for value in schema.values():
            yield from _keys(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _keys(value)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        FILE.write_text("\n".join(names(Path(scratch))) + "\n")
