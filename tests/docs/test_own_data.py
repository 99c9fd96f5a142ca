"""The guide to one's own data explains every kind of problem that an upload can have."""

import ast
import re

from tests.docs.blocks import read
from tests.house.source import called_name, sources

GUIDE = "docs/guides/own-data.md"


def told() -> set[str]:
    section = read(GUIDE).partition("## Problems that do not stop you\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {kind for row in rows for kind in re.findall(r"`([a-z_]+)`", row)}


def test_every_kind_of_problem_has_its_row():
    nodes = [node for source in sources("models") if "/packed/" in source.path for node in ast.walk(source.tree)]
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    said = {
        given.value
        for node in nodes
        if isinstance(node, ast.Call) and called_name(node) in {"add", "say"}
        for given in node.args[:2]
        if isinstance(given, ast.Constant) and re.fullmatch(r"[a-z]+_[a-z_]+", str(given.value))
    }
    assert {"nearly_numbers", "duplicate_row"} <= said
    assert said <= told()
    assert told() <= words, "the guide has kinds that no upload has"
