"""A recording as one picture: `python docs/tools/still.py IN.cast OUT.svg [LINES]` (needs `pip install pyte`).

The picture shows what a terminal would hold at the recording's end, also what was scrolled out of sight: all of it, or
the LINES, as in 0-5,39-73, with a mark where some are left out. It takes no font from the internet.
"""

import io
import json
import re
import sys
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

TALL = 2000
FONT_FACES = re.compile(r"@font-face \{.*?\}\s*", re.S)
FAMILY = '"DejaVu Sans Mono", Menlo, Consolas, monospace'
NAMES = {"brown": "yellow", "brightblack": "bright_black"}


def main(recording: Path, out: Path, shown: str = "") -> None:
    """Play the recording on a screen that is tall enough, draw its end."""
    head, *events = map(json.loads, recording.read_text(encoding="utf-8").splitlines())
    screen = pyte.Screen(head["width"], TALL)
    stream = pyte.Stream(screen)
    for _, kind, text in events:
        if kind == "o":
            stream.feed(text)
    lines = [_line(screen, row, head["width"]) for row in range(TALL)]
    while lines and not lines[-1].plain.strip(" $"):
        lines.pop()
    kept = {"record": True, "file": io.StringIO(), "force_terminal": True, "color_system": "truecolor"}
    console = Console(width=head["width"], **kept)
    spans = [tuple(map(int, span.split("-"))) for span in shown.split(",") if span] or [(0, len(lines))]
    for number, (first, last) in enumerate(spans):
        for line in [Text("  ...", "dim")] * bool(number) + lines[first : last + 1]:
            console.print(line, no_wrap=True, soft_wrap=True)
    svg = FONT_FACES.sub("", console.export_svg(title="octet"))
    out.write_text(svg.replace("Fira Code, monospace", FAMILY).replace("Fira Code", FAMILY), encoding="utf-8")
    print(f"{len(lines)} lines -> {out} ({out.stat().st_size:,} bytes)")


def _line(screen: pyte.Screen, row: int, width: int) -> Text:
    text = Text()
    for column in range(width):
        cell = screen.buffer[row][column]
        text.append(cell.data, Style(color=_colour(cell.fg), bold=cell.bold or None))
    text.rstrip()
    return text


def _colour(name: str) -> str | None:
    if name == "default":
        return None
    return f"#{name}" if re.fullmatch("[0-9a-f]{6}", name) else NAMES.get(name, name.replace("bright", "bright_"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:4])
