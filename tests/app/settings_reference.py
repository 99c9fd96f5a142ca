"""docs/settings.md: every OCTET_* variable with its default and meaning, written from the settings themselves.

python -m tests.app.settings_reference      # writes docs/settings.md anew
"""

from collections.abc import Iterator
from typing import Any, get_args

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from app.settings import Settings
from tests.house.source import ROOT

FILE = ROOT / "docs/settings.md"
MADE = {
    "storage_dir": "`storage` in the data folder",
    "database_url": "SQLite in the data folder",
    "broker_url": "bundled",
}
"""Defaults that are computed."""
HEAD = """# Settings

Written by `python -m tests.app.settings_reference` from the settings' own descriptions; a test holds it against them.

Settings belong to a process: the API, a worker, `octet serve` with all its children. Each is an environment variable.
An empty one counts as not set; a value that breaks its rule is refused at the start. What a run is told stands in
[configuration](configuration.md).
"""
TAIL = """
## The command line and the client

| variable | default | meaning |
|---|---|---|
| `OCTET_URL` | `http://127.0.0.1:8000` | the service that `octet` and `octet.Client` speak to |
| `EIR_SEED` | none | the seed of `octet train`, where neither a file nor `--seed` gives one |
| `NO_COLOR` | none | any value leaves colours out |
"""


def written() -> str:
    """The whole page."""
    rooms = {name: field.annotation for name, field in Settings.model_fields.items() if _is_room(field)}
    own = {name: field for name, field in Settings.model_fields.items() if name not in rooms}
    lines = [HEAD, "## Places", "", *_table(own)]
    for room in rooms.values():
        assert room is not None
        title = room.__name__.removesuffix("Settings")
        lines += ["", f"## {TITLES[title]}", "", *_table(room.model_fields)]
    return "\n".join(lines) + "\n" + TAIL


TITLES = {
    "Http": "Where the API listens",
    "Clock": "Clocks",
    "Limit": "Limits of a request, and the disk",
    "Serving": "Predictions",
    "Worker": "Workers",
}


def variables() -> set[str]:
    """Every variable of a process."""
    found = set()
    for name, field in Settings.model_fields.items():
        found |= set(field.annotation.model_fields) if _is_room(field) else {name}  # type: ignore[union-attr]
    return {f"OCTET_{name.upper()}" for name in found}


def _is_room(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseSettings)


def _table(fields: dict[str, FieldInfo]) -> Iterator[str]:
    yield from ("| variable | default | meaning |", "|---|---|---|")
    for name, field in fields.items():
        words = " ".join((field.description or "").split()).replace("|", "\\|")
        yield f"| `OCTET_{name.upper()}` | {_default(name, field.default)} | {words}{_bounds(field)} |"


def _default(name: str, value: Any) -> str:
    if name in MADE:
        return MADE[name]
    if name.endswith("_bytes") and value:
        power = next(power for power in (30, 20, 10, 0) if value % 2**power == 0)
        return f"{value} ({value >> power} {({30: 'GiB', 20: 'MiB', 10: 'KiB', 0: 'B'})[power]})"
    return "none" if value in ("", None) else f"{value:g}" if isinstance(value, float) else f"`{value}`"


def _bounds(field: FieldInfo) -> str:
    said = [f" Above {rule.gt:g}." for rule in field.metadata if isinstance(rule, Gt) and rule.gt]
    said += [f" From {rule.ge:g} on." for rule in field.metadata if isinstance(rule, Ge) and rule.ge]
    said += [f" At most {rule.le:g}." for rule in field.metadata if isinstance(rule, Le)]
    choices = [value for value in get_args(field.annotation) if isinstance(value, str)]
    return "".join(said) + (f" One of {', '.join(f'`{value}`' for value in choices)}." if choices else "")


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
