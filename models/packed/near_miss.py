"""IDs and files that do not fit each other, but nearly would: which habit of which program stands between them."""

import html
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from models.packed.matching import same
from models.packed.names import stem
from models.packed.writings import with_hyphens


class Habit(NamedTuple):
    """What both sides lose before they are compared, and what to say when they are equal then."""

    of_id: Callable[[str], str]
    of_file: Callable[[str], str]
    said: str


def _name(path: str) -> str:
    """The last part of a path of any system."""
    return path.replace("\\", "/").rpartition("/")[2]


def _bare(name: str) -> str:
    """A name without any extension."""
    return name[:1] + name[1:].partition(".")[0]


def _number(text: str) -> str:
    """A number as a spreadsheet or pandas would write it: 007 and 7.0 are 7."""
    whole = text.removesuffix(".0")
    return (whole.lstrip("0") or "0") if whole.isascii() and whole.isdigit() else text


def _of_address(text: str) -> str:
    """The file that an address names: without its query and its mark, `%20` as the space it stands for."""
    return unquote(_name(re.split("[?#]", text, maxsplit=1)[0]))


def _first_copy(name: str) -> str:
    """A name without the number that a browser gives to a second download: `a (1).txt` is `a.txt`."""
    return re.sub(r"\s?\([0-9]+\)(?=\.|$)", "", name)


def _underscored(text: str) -> str:
    return re.sub(r"\s", "_", text)


def _kept(text: str) -> str:
    return text


HABITS = (
    Habit(str.strip, _kept, "there are spaces around the IDs: take them away"),
    Habit(_name, _kept, "the IDs have other folders than the files: write the bare names as IDs"),
    Habit(str.casefold, str.casefold, "the letters differ in case: write the IDs as the files are called"),
    Habit(_number, _number, "a program took the IDs for numbers (007 became 7 or 7.0): save that column as text"),
    Habit(stem, _kept, "the IDs end in another extension than the files: leave it out of the IDs"),
    Habit(unquote, unquote, "names are percent-encoded (%20 for a space): write the IDs as the files are called"),
    Habit(_of_address, _kept, "the IDs are addresses with a query (?v=3): write the bare names as IDs"),
    Habit(
        html.unescape, html.unescape, "names are written for HTML (&amp; for &): write the IDs as the files are called"
    ),
    Habit(
        _first_copy, _first_copy, "a second download got a number in its name: write the IDs as the files are called"
    ),
    Habit(_underscored, _underscored, "spaces became underscores: write the IDs as the files are called"),
    Habit(with_hyphens, with_hyphens, "the dashes differ (- and \u2013): write the IDs as the files are called"),
    Habit(_kept, _bare, "the files have two extensions, an ID leaves out one: write the full file names as IDs"),
)


def near_miss(ids: Sequence[str], paths: Sequence[str]) -> str | None:
    """How most of these IDs (without a file) would name these files (without a label), in words with an example.

    None when no single habit explains at least half of the shorter list.
    """
    best: tuple[int, str] = (0, "")
    for habit in HABITS:
        files = {}
        for path in paths:
            for text in (_name(path), stem(_name(path))):
                files[same(habit.of_file(text))] = path
        found = [(one, file) for one in ids if (file := files.get(same(habit.of_id(one))))]
        if len(found) > best[0]:
            file_id, path = found[0]
            best = len(found), f"{habit.said} ({file_id!r} seems to be {path!r})"
    return best[1] if 2 * best[0] >= min(len(ids), len(paths)) > 0 else None
