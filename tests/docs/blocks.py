"""The fenced blocks of the Markdown pages, and what a block's language makes of it: run, read, or only looked at.

A block that cannot run here says why, in a comment on the line before it:

<!-- not run: needs a PostgreSQL of yours -->
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.house.source import ROOT

GENERATED = ("docs/cli.md", "docs/api_reference.md", "docs/odd_inputs.md", "docs/settings.md")
"""Written by programs, each held to what it describes by a test of its own."""
FOLDERS = ("docs", "benchmarks", "examples", "tests", "app", "models", "worker", "octet")
RUN = {"sh": "bash", "python": "python", "javascript": "node", "java": "java"}
"""Languages that are run, each by its interpreter."""
READ = {"json", "yaml"}
LOOKED_AT = {"text"}
MARK = re.compile(r"<!--\s*not run:(?P<reason>.*?)-->\s*\Z", re.S)


@dataclass(frozen=True)
class Block:
    """One fenced block. reason: why it is not run; None where it is not marked."""

    page: str
    line: int
    language: str
    text: str
    reason: str | None

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def runs(self) -> bool:
        return self.reason is None and self.language in RUN


def pages() -> list[str]:
    """Every Markdown page of the project, from its root."""
    found = [*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))]
    return sorted(page.relative_to(ROOT).as_posix() for page in found)


def written_by_hand() -> list[str]:
    """The pages whose blocks the tests run."""
    return [page for page in pages() if page not in GENERATED]


def tokens(text: str) -> list[Token]:
    """A page as CommonMark with GitHub's tables."""
    return MarkdownIt("commonmark").enable("table").parse(text)


def read(page: str) -> str:
    """The text of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[Block]:
    """Every code block of a page, in its order."""
    return blocks_of(page, read(page))


def blocks_of(page: str, text: str) -> list[Block]:
    """The same of a text; a block that is indented in place of fenced has no language."""
    before = [Token("", "", 0), *tokens(text)]
    return [
        Block(page, (token.map or [0])[0] + 1, token.info.strip(), token.content, _reason(last))
        for last, token in pairwise(before)
        if token.type in {"fence", "code_block"}
    ]


def _reason(before: Token) -> str | None:
    mark = MARK.search(before.content) if before.type == "html_block" else None
    return mark["reason"].strip() if mark else None
