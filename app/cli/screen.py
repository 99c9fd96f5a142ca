"""Where the command line writes: results to stdout, all else to stderr. rich honours NO_COLOR and pipes."""

import json
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text


def out() -> Console:
    """Standard output."""
    return Console(highlight=False, soft_wrap=True)


def err() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def complain(text: str, mend: str = "") -> None:
    """Say on stderr what went wrong, and what to do."""
    err().print(Text("octet: ", "bold red") + Text(text))
    if mend:
        err().print(Text("  mend: ", "bold") + Text(mend))


def note(text: str) -> None:
    """Say on stderr what else there is to know."""
    err().print(Text(text))


def print_json(value: Any) -> None:
    """One JSON document on stdout, never coloured or wrapped."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def say_removed(kind: str, names: Sequence[str], as_json: bool) -> None:
    """Say that they are gone."""
    if as_json:
        print_json({"removed": list(names)})
    else:
        for name in names:
            note(f"{kind} {name} is removed")


def one_line(text: str) -> str:
    """text with its line ends, tabs and other control characters written as escapes."""
    return "".join(repr(c)[1:-1] if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A plain table on stdout; in a pipe, tabs between the cells and no heading. A row is a line, whatever is in it."""
    console = out()
    if not console.is_terminal:
        for row in rows:
            click.echo("\t".join(map(one_line, row)))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    console.print(table)


def count(n: int, thing: str) -> str:
    """'1 file', '25,000 files'."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def size(n: int) -> str:
    """Bytes for people: 33.1 MB."""
    value = float(n)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{n:,} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def duration(seconds: float) -> str:
    """Seconds for people: 45 s, 2 min 10 s, 3 h 05 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
