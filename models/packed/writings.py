"""How a cell is written: a number that is nearly one, a word for a missing value, a date, JSON, a name and its twin."""

import json
import re
import unicodedata
from collections.abc import Sequence

COMMA, EITHER, THOUSANDS, PERCENT, UNIT = "comma", "comma or thousands", "thousands", "percent", "unit"
MINUS, ROUGHLY, TEXT_MARK = "minus", "roughly", "text mark"
MENDS = {
    COMMA: "write a decimal point (1.5 for 1,5)",
    EITHER: "write 1234 for 1,234 where the comma groups thousands, and 1.234 where it stands before decimals",
    THOUSANDS: "write numbers without separators of thousands (1234 for 1,234)",
    PERCENT: "write numbers without a percent sign",
    UNIT: "write numbers without their unit",
    MINUS: "write negative numbers with a plain minus before them (-3.2)",
    ROUGHLY: "write one number without a sign of its precision (5.1 for ~5.1 or 5.1±0.2)",
    TEXT_MARK: 'take away the marks by which a spreadsheet keeps text (5.1 for \'5.1 or ="5.1")',
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
    MINUS: re.compile(rf"[−–‒﹣－]\s?{_ANY}|\({_CURRENCY}?\s?{_ANY}\)|{_ANY}\s?[-−–]"),
    ROUGHLY: re.compile(rf"(?:[~≈∼]|ca?\.)\s*{_ANY}|{_ANY}\s*(?:±|\+/?-)\s*{_ANY}"),
    TEXT_MARK: re.compile(rf"['‘’`´]{_ANY}|=\"{_ANY}\""),
}
_AROUND_WHOLE = re.compile(r"[-+−–‒﹣－(~≈∼'‘’`´=\"\s]*[0-9]+[-−–)\"\s]*")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_MISSING = frozenset(["na", "n/a", "n.a.", "#n/a", "nan", "null", "nil", "none", "missing", "unknown", "undefined"])
_NOTHING = re.compile(r"[-?.*–—]+|[<(]\w+[)>]|#\w+[!?]")
_DAY = r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{2}(?:\d{2})?)"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t|tember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_NAMED_DAY = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th|\.)?[-/. ]{{1,2}}{_MONTH}[-/., ]{{1,2}}(?:\d{{4}}|\d{{2}})"
    rf"|{_MONTH}[- ]\d{{1,2}}(?:st|nd|rd|th)?,?[- ](?:\d{{4}}|\d{{2}})"
    rf"|\d{{4}}[-/ ]{_MONTH}[-/ ]\d{{1,2}}|{_MONTH}[- ]\d{{4}})"
)
_TIME = r"(?:,?[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[ap]m|Z|[+-]\d{2}:?\d{2})?)?"
_DATE = re.compile(rf"(?:{_DAY}|{_NAMED_DAY}){_TIME}", re.ASCII | re.IGNORECASE)


def nearly_a_number(text: str) -> str | None:
    """What keeps a cell from being the number that it is meant as: a key of MENDS; else None."""
    text = text.strip()
    return next((what for what, written in _NEARLY.items() if written.fullmatch(text)), None)


def is_whole(text: str) -> bool:
    """Whether a number, or one that is nearly written as a number, has digits alone: neither decimals nor an exponent.

    A unit hides what stands before it: `2D` and `1st` are taken for whole.
    """
    return nearly_a_number(text) == UNIT or _AROUND_WHOLE.fullmatch(text) is not None


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
    """A name without what people overlook: case, spaces, the encoding of accents, invisible signs, kinds of dashes."""
    if name.isascii() and name.isalnum():
        return name.lower()
    return " ".join(with_hyphens(_visible(unicodedata.normalize("NFKC", name))).casefold().split())


def with_hyphens(text: str) -> str:
    """A text with the dash of keyboards in place of each other one, and of the minus sign."""
    return text if text.isascii() else _DASHES.sub("-", text)


def difference(names: Sequence[str]) -> str:
    """In what names differ that readers take for one."""
    without = {
        "case": str.casefold,
        "spaces": lambda name: "".join(name.split()),
        "the encoding of accents": lambda name: unicodedata.normalize("NFC", name),
        "invisible signs": _visible,
        "their dashes": with_hyphens,
    }
    alone = (what for what, of in without.items() if len(set(map(of, names))) == 1)
    return next(alone, "case, spaces, dashes or invisible signs")


def _visible(name: str) -> str:
    return "".join(sign for sign in name if unicodedata.category(sign) != "Cf")
