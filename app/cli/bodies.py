"""The body of a run out of files: EIR's trio, or one file that holds the whole body, in the short or the full form."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from app.cli.endings import Failed
from app.cli.trio import Faulty, inner, trio_of
from octet.client import data_set_name


class Source(Protocol):
    """Files that make a body."""

    def body(self) -> dict[str, Any]:
        """The body of POST /runs. Raises Failed."""

    def explain(self, faults: Iterable[Faulty]) -> str:
        """Every fault with its file and key."""


@dataclass(frozen=True)
class Whole:
    """One YAML or JSON file with a whole body in it."""

    file: Path

    def body(self) -> dict[str, Any]:
        """The body of POST /runs. Raises Failed."""
        from models.config import ConfigError, read_body

        try:
            body = read_body(self.file)
        except ConfigError as error:
            raise Failed(self.explain(error.faults)) from error
        if not isinstance(body, dict):
            raise Failed(f"{self.file}: holds {type(body).__name__}; a run's body is an object of keys")
        return body

    def explain(self, faults: Iterable[Faulty]) -> str:
        """Every fault with the file and its key."""
        lines = []
        for fault in faults:
            keys = ".".join(part.replace("~1", "/").replace("~0", "~") for part in fault.pointer.split("/")[1:])
            lines.append(f"  {self.file}: {keys}: {fault.detail}" if keys else f"  {self.file}: {fault.detail}")
        return "\n".join(["the configuration has faults:", *lines])


def source_of(files: Sequence[Path]) -> Source:
    """One file holds a whole body, three or four are EIR's. Raises Failed."""
    if len(files) == 1:
        return Whole(files[0])
    trio = trio_of(files, {})
    if trio is None:
        raise Failed("which configuration? Give GLOBALS INPUT OUTPUT, or one file with the whole body of a run")
    return trio


def as_submitted(body: dict[str, Any], dataset: str | None) -> bool:
    """Make of a body read from files the one that `octet train` sends: data sets by name, no paths of this machine.

    True where the data are a folder or archive here, which may not be on the service yet.
    """
    info = inner(body, "input", "input_info")
    inner(body, "output", "output_info").pop("output_source", None)
    named = info.get("input_source")
    if dataset is not None:
        if "input" in body:
            info["input_source"] = dataset
        else:
            body["dataset"] = dataset
        return False
    if isinstance(named, str) and named and Path(named).exists():
        info["input_source"] = data_set_name(Path(named))
        return True
    return False
