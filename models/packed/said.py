"""Everything that was said of an upload, beyond what is listed: a file of JSON lines, read from any line on.

Neither writing nor reading takes memory for what is not at hand. The cursor of a line is where it begins in the file.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from models.packed.problems import Problem

PROBLEMS, IGNORED = "problems.jsonl", "ignored.jsonl"


class NotALine(ValueError):
    """The cursor is not where a line begins."""


class Said:
    """Takes problems and ignored paths as they come; files appear in `folder` with the first of each. A context."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, IO[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()

    def problem(self, problem: Problem) -> None:
        """Note one problem."""
        said = {"kind": problem.kind, "id": problem.id, "row": problem.row, "column": problem.column}
        self._write(PROBLEMS, {**said, "detail": problem.detail})

    def ignored(self, path: str) -> None:
        """Note a file that is no data."""
        self._write(IGNORED, path)

    def _write(self, name: str, line: object) -> None:
        if name not in self._files:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._files[name] = (self._folder / name).open("w", encoding="utf-8", newline="\n")
        self._files[name].write(json.dumps(line) + "\n")


def read_lines(path: Path, after: int = 0) -> Iterator[tuple[Any, int]]:
    """Each line from a cursor on, and the cursor of the one after it. Raises NotALine; no file has no lines."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        if after:
            raise NotALine(after) from None
        return
    with file:
        if after:
            if after > path.stat().st_size:
                raise NotALine(after)
            file.seek(after - 1)
            if file.read(1) != b"\n":
                raise NotALine(after)
        for raw in file:
            after += len(raw)
            yield json.loads(raw), after
