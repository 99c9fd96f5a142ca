"""docs/architecture.md shows the house as it is."""

import ast
import itertools
import re
from functools import cache

from tests.house import tree
from tests.house.source import ROOT, Source, called_name, sources


def walks() -> list[list[str]]:
    """The files of each walk, in its order."""
    sections = [rest.split("\n## ")[0] for rest in tree.DOCUMENT.read_text().split("## The walk")[1:]]
    return [list(dict.fromkeys(re.findall(r"`((?:app|models|worker)/[a-z_/]+\.py)`", text))) for text in sections]


@cache
def by_path() -> dict[str, Source]:
    return {source.path: source for source in sources()}


@cache
def functions() -> dict[str, set[str]]:
    """What each file defines."""
    return {path: {function.name for function in source.functions()} for path, source in by_path().items()}


def leads_to(here: str, there: str) -> bool:
    """Whether a reader of one file comes to the next: it imports that one, starts it, or calls what only that defines.

    The queue turns the arrow round: nobody imports the worker, so there the next file imports a name of this one.
    """
    files = by_path()
    starts = f'"{module(there)}"' in files[here].text
    calls = {called_name(node) for node in ast.walk(files[here].tree) if isinstance(node, ast.Call)}
    only_there = functions()[there].difference(*(names for path, names in functions().items() if path != there))
    return imports(files[here], there) or starts or bool(calls & only_there) or imports(files[there], here)


def module(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


def imports(of: Source, file: str) -> bool:
    named = {
        name
        for node in ast.walk(of.tree)
        if isinstance(node, ast.ImportFrom)
        for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
    }
    return module(file) in named


def test_the_tree_in_the_document_is_the_real_one():
    assert tree.tree() in tree.written(), "run: python -m tests.house.tree"


def test_a_walk_names_at_most_eight_files_and_each_exists():
    assert len(walks()) == 2
    for files in walks():
        assert 5 <= len(files) <= 8
        assert [f for f in files if not (ROOT / f).exists()] == []


def test_each_file_of_a_walk_leads_to_the_next():
    assert [pair for files in walks() for pair in itertools.pairwise(files) if not leads_to(*pair)] == []


def test_a_walk_that_leaves_a_file_out_would_be_noticed():
    skipped = [(files[at - 1], files[at + 1]) for files in walks() for at in range(1, len(files) - 1)]
    assert [pair for pair in skipped if leads_to(*pair)] == []
