"""Every relative link of every Markdown page leads to a file that is there, and to a heading that it has."""

import re

import pytest

from tests.docs.blocks import FOLDERS, pages, read
from tests.docs.links import anchors, broken
from tests.house.source import ROOT

NAMED = re.compile(r"\bdocs/[\w/-]+\.(?:md|yml|svg)\b")
"""A page that is named in the text of a program, a configuration, a message."""
ENDINGS = {".py", ".yml", ".yaml", ".toml", ".html", ".mako"}


def everything() -> set[str]:
    """Every file and folder that a page may link to."""
    found = [*ROOT.iterdir(), *(path for folder in (*FOLDERS, "migrations") for path in (ROOT / folder).rglob("*"))]
    return {path.relative_to(ROOT).as_posix() for path in found}


@pytest.mark.parametrize("page", pages())
def test_every_link_within_the_project_leads_somewhere(page):
    assert broken(page, read(page), everything()) == []


def test_a_lost_page_and_a_lost_heading_are_noticed():
    text = "[a](nowhere.md) [b](cli.md#octet-serve) [c](cli.md#octet-fly) [d](#here) [e](#there)\n\n# Here\n"
    lost = [link.rpartition(" ")[2] for link in broken("docs/x.md", text, {"docs/x.md", "docs/cli.md"})]
    assert lost == ["nowhere.md", "cli.md#octet-fly", "#there"]


def test_headings_are_anchors_as_github_writes_them():
    text = '# Is it *sound*?\n\n## `octet serve`\n\n## Twice\n\n## Twice\n\n<a id="by-hand"></a>\n'
    assert anchors(text) == {"is-it-sound", "octet-serve", "twice", "twice-1", "by-hand"}


def test_every_page_that_the_code_names_is_there():
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in ENDINGS]
    files = [path for path in files if path.parent != ROOT / "tests/docs"]  # these make pages up
    files += [path for path in ROOT.iterdir() if path.suffix in ENDINGS or path.name in {"Makefile", "Dockerfile"}]
    named = {(path.relative_to(ROOT).as_posix(), name) for path in files for name in NAMED.findall(path.read_text())}
    assert len(named) > 5
    assert [pair for pair in sorted(named) if not (ROOT / pair[1]).exists()] == []
