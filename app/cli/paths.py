"""Paths on the command line: an empty one is an unset variable of a shell, never the working directory."""

from pathlib import Path
from typing import Any

import click


class GivenPath(click.Path):
    """A click.Path that gives pathlib's and refuses '', which pathlib would take for '.'."""

    def __init__(self, **checks: Any) -> None:
        super().__init__(path_type=Path, **checks)

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """The path. Fails for an empty one."""
        if value == "":
            self.fail("is empty; an unset variable? Write . for the working directory.", param, context)
        return super().convert(value, param, context)
