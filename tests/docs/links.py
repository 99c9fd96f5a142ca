"""Where the links of a Markdown page lead, and which anchors a page has."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from urllib.parse import unquote

from markdown_it.token import Token

from tests.docs.blocks import read, tokens

HTML_LINK = re.compile(r'\b(?:href|src)="([^"]*)"')
HTML_ANCHOR = re.compile(r'\b(?:id|name)="([^"]*)"')


def links(text: str) -> Iterator[str]:
    """Every address of a page that links or shows something, also in its HTML."""
    for token in _all(tokens(text)):
        if token.type == "link_open":
            yield str(token.attrs["href"])
        elif token.type == "image":
            yield str(token.attrs["src"])
        elif token.type in {"html_block", "html_inline"}:
            yield from HTML_LINK.findall(token.content)


@cache
def anchors(text: str) -> set[str]:
    """What may stand behind the `#`: the headings as GitHub writes them, and anchors of HTML."""
    found: set[str] = set()
    twice: Counter[str] = Counter()
    top = tokens(text)
    for heading, inline in pairwise(top):
        if heading.type == "heading_open":
            words = "".join(part.content for part in inline.children or [] if part.type in {"text", "code_inline"})
            slug = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
            found.add(f"{slug}-{twice[slug]}" if twice[slug] else slug)
            twice[slug] += 1
    for token in _all(top):
        if token.type in {"html_block", "html_inline"}:
            found.update(HTML_ANCHOR.findall(token.content))
    return found


def broken(page: str, text: str, root_has: set[str]) -> list[str]:
    """The relative links of a page that lead nowhere. `root_has`: every file and folder, from the project's root."""
    lost = []
    for link in links(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        there = _resolved(page, path) if path else page
        known = there in root_has
        if known and anchor and there.endswith(".md"):
            known = anchor in anchors(text if there == page else read(there))
        if not known:
            lost.append(f"{page} -> {link}")
    return lost


def _resolved(page: str, path: str) -> str:
    """A path that stands in a page, from the project's root."""
    parts = page.split("/")[:-1]
    for part in path.rstrip("/").split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _all(found: list[Token]) -> Iterator[Token]:
    for token in found:
        yield token
        yield from _all(token.children or [])
