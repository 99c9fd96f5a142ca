"""How a cell is written: a number that is nearly one, a word for a missing value, a date, JSON, a name and its twin."""

import json
import re
import unicodedata
from collections.abc import Sequence

COMMA, EITHER, THOUSANDS, PERCENT, UNIT = "comma", "comma or thousands", "thousands", "percent", "unit"
MENDS = {
    COMMA: "write a decimal point (1.5 for 1,5)",
    EITHER: "write 1234 for 1,234 where the comma groups thousands, and 1.234 where it stands before decimals",
    THOUSANDS: "write numbers without separators of thousands (1234 for 1,234)",
    PERCENT: "write numbers without a percent sign",
    UNIT: "write numbers without their unit",
}

_GROUPS = "[0-9]{1,3}(?:[,.'’_ \u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?"
_ANY = rf"[+-]?(?:{_GROUPS}|[0-9]*,[0-9]+|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_CURRENCY = "[$€£¥₹]"
_LETTERS = r"[^\W\d_]{1,4}"
_UNIT = rf"(?:{_CURRENCY}|[°′″]|°?{_LETTERS}(?:/{_LETTERS})?[²³]?)"
_NEARLY = {
    EITHER: re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}"),
    COMMA: re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?"),
    THOUSANDS: re.compile(rf"[+-]?{_GROUPS}"),
    PERCENT: re.compile(rf"{_ANY}\s*[%‰]"),
    UNIT: re.compile(rf"{_CURRENCY}\s*{_ANY}|{_ANY}\s*{_UNIT}"),
}
_MISSING = frozenset(["na", "n/a", "n.a.", "#n/a", "nan", "null", "nil", "none", "missing", "unknown", "undefined"])
_NOTHING = re.compile(r"[-?.*–—]+|[<(]\w+[)>]|#\w+[!?]")
_DAY = r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{2}(?:\d{2})?)"
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
_DATE = re.compile(_DAY + _TIME, re.ASCII)


def nearly_a_number(text: str) -> str | None:
    """What keeps a cell from being the number that it is meant as: a key of MENDS; else None."""
    text = text.strip()
    return next((what for what, written in _NEARLY.items() if written.fullmatch(text)), None)


def means_missing(text: str) -> bool:
    """Whether a text usually stands for a value that is not there."""
    text = text.strip().lower()
    return text in _MISSING or _NOTHING.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """Whether a cell is a day, with or without a time."""
    return _DATE.fullmatch(text.strip()) is not None


def is_json(text: str) -> bool:
    """Whether a cell is a JSON object or array."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def as_readers_see(name: str) -> str:
    """A name without what people overlook: case, spaces, the encoding of accents, invisible signs."""
    if name.isascii() and name.isalnum():
        return name.lower()
    return " ".join(_visible(unicodedata.normalize("NFKC", name)).casefold().split())


def difference(names: Sequence[str]) -> str:
    """In what names differ that readers take for one."""
    without = {
        "case": str.casefold,
        "spaces": lambda name: "".join(name.split()),
        "the encoding of accents": lambda name: unicodedata.normalize("NFC", name),
        "invisible signs": _visible,
    }
    alone = (what for what, of in without.items() if len(set(map(of, names))) == 1)
    return next(alone, "case, spaces or invisible signs")


def _visible(name: str) -> str:
    return "".join(sign for sign in name if unicodedata.category(sign) != "Cf")
