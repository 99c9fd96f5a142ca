"""The tree in docs/architecture.md: a line per file, taken from the file's own first line.

python -m tests.house.tree      # writes the block anew
"""

import ast
import re

from tests.house.source import ROOT, sources

DOCUMENT = ROOT / "docs/architecture.md"
BLOCK = re.compile(r"(<!-- tree -->\n```\n).*?(```\n<!-- /tree -->)", re.S)
SHOWN = ("models", "app", "octet", "worker", "migrations", "examples", "benchmarks")


def tree() -> str:
    """One line per product file: indented by room, with what it is for."""
    lines, room = [], ""
    for source in sorted(sources(*SHOWN), key=lambda source: source.path.rpartition("/")):
        folder, _, name = source.path.rpartition("/")
        first = (ast.get_docstring(source.tree) or "").split("\n")[0]
        if name == "__init__.py":
            name = ""
        if folder != room:
            room = folder
            lines.append(f"{folder}/".ljust(46) + (first if not name else ""))
        if name:
            lines.append(("    " + name).ljust(46) + first)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def written() -> str:
    """The block as it stands in the document."""
    match = BLOCK.search(DOCUMENT.read_text())
    assert match, "docs/architecture.md has lost its tree block"
    return match.group(0)


if __name__ == "__main__":
    text = DOCUMENT.read_text()
    DOCUMENT.write_text(BLOCK.sub(lambda m: m.group(1) + tree() + m.group(2), text))
