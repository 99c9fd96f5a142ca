"""Reads the product's own source: which files there are, and what they define and call."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("app", "models", "worker", "octet", "migrations", "examples", "benchmarks")


@dataclass(frozen=True)
class Source:
    """One product file: its path from the project's root, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def sources(*rooms: str) -> list[Source]:
    """Every Python file of the rooms (all rooms when none is named)."""
    found = []
    for room in rooms or ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            text = path.read_text()
            found.append(Source(path.relative_to(ROOT).as_posix(), text, ast.parse(text)))
    assert found, "no source found: the test would prove nothing"
    return found


def called_name(call: ast.Call) -> str:
    """The last word of what is called: 'announce' for parts.broker.announce(...)."""
    target = call.func
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
