"""Is a column of cells a class or a number? The rule by which a target's type is told from its text."""

import math
import re
from array import array
from collections.abc import Iterator

from models.packed.summary import TargetType

FEW_NUMBERS = 20
"""Whole numbers with at most so many distinct values are classes."""

FEWEST_TO_STRAY = 10
"""Of fewer numbers none is called far from the others."""

LARGEST = 1e150
"""Larger numbers cannot be squared; none is a measurement."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?P<point>\.[0-9]*)?|(?P<bare>\.[0-9]+))(?P<exponent>[eE][+-]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE | re.ASCII)
_REMEMBERED = 1000
_SENTINELS = frozenset([-999.0, -9999.0, 9999.0, -99999.0, 99999.0, -999999.0, 999999.0])
"""Numbers that programs and people write where a value is missing."""


def number(text: str) -> float | None:
    """The number a cell is written as; nan or inf for `nan`, `-inf`, `1e999`...; None for anything else.

    Only plain decimal notation counts: no `1_000`, no `0x10`, no decimal comma. Spaces around are allowed.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text) or _NOT_FINITE.fullmatch(text):
        return float(text)
    return None


def is_finite(value: float) -> bool:
    """Whether a number can be computed with: neither nan nor infinite, nor larger than LARGEST."""
    return abs(value) <= LARGEST


class KindOfColumn:
    """Watches the cells of one column go by and tells its type at the end.

    Continuous: every filled cell is a number and (any is written with a point or an exponent, or more than
    `FEW_NUMBERS` are distinct); else categorical. `nan` and `inf` in a column of numbers decide nothing;
    their rows are kept in `not_finite`. The rows of cells that are no numbers are kept in `not_numbers`.
    """

    def __init__(self, declared: TargetType | None) -> None:
        self.declared = declared
        self.finite_count = 0
        self.not_finite = array("q")
        self.not_numbers, self.not_numbers_count = array("q"), 0
        self._pointed, self._whole = False, True
        self._distinct: set[float] = set()
        self._lowest, self._highest = math.inf, -math.inf
        self._low, self._high = [(math.inf, 0)] * 2, [(-math.inf, 0)] * 2
        self._sentinels: dict[float, list[int]] = {}

    def see(self, text: str, row: int) -> None:
        """Take one cell into account; blank cells are missing and say nothing."""
        settled = self.not_numbers_count and self.declared is None
        if settled or self.declared == "categorical" or not text or text.isspace():
            return
        text = text.strip()
        written = _NUMBER.fullmatch(text)
        if written and is_finite(value := float(text)):
            self.finite_count += 1
            if written.lastindex is not None:
                self._pointed = True
                self._whole = self._whole and (written["point"] or "-").strip(".0") == "" and not written["exponent"]
            if value in _SENTINELS:
                self._sentinels.setdefault(value, [row, 0])[1] += 1
            else:
                self._stretch(value, row)
            if len(self._distinct) <= FEW_NUMBERS:
                self._distinct.add(value)
        elif written or _NOT_FINITE.fullmatch(text):
            self.not_finite.append(row)
        else:
            self.not_numbers_count += 1
            if len(self.not_numbers) < _REMEMBERED:
                self.not_numbers.append(row)

    def _stretch(self, value: float, row: int) -> None:
        """Keep the range of the numbers, and the two distinct ones at either end of it with their first rows."""
        self._lowest, self._highest = min(value, self._lowest), max(value, self._highest)
        if value < self._low[1][0] and value != self._low[0][0]:
            self._low = sorted([(value, row), self._low[0]])
        if value > self._high[1][0] and value != self._high[0][0]:
            self._high = sorted([(value, row), self._high[0]], reverse=True)

    @property
    def one_value(self) -> float | None:
        """The number that stands in every filled cell of a column of numbers, where there are several."""
        return next(iter(self._distinct)) if len(self._distinct) == 1 and self.finite_count > 1 else None

    @property
    def few_whole(self) -> list[float]:
        """The numbers of a column that holds few, all whole, some written with .0, half of them or more repeated."""
        classes = 1 < len(self._distinct) <= FEW_NUMBERS and 2 * len(self._distinct) <= self.finite_count
        return sorted(self._distinct) if classes and self._pointed and self._whole else []

    def sentinels(self, far: float) -> Iterator[tuple[float, int, int]]:
        """Numbers often written for missing values that repeat here: value, first row and count of cells.

        Only where they are more than `far` times the range of the others away from all of these.
        """
        span = self._highest - self._lowest
        for value, (row, count) in self._sentinels.items():
            away = min(abs(value - self._lowest), abs(value - self._highest))
            if count > 1 and span > 0 and away > far * span:
                yield value, row, count

    def wild(self, far: float) -> Iterator[tuple[float, int]]:
        """The number above or below all others by more than `far` times the range of these: value and first row."""
        if self.finite_count < FEWEST_TO_STRAY:
            return
        for ends, other in ((self._low, self._high[0][0]), (self._high, self._low[0][0])):
            (value, row), (second, _) = ends
            span = abs(other - second)
            if 0 < span < math.inf and abs(value - second) > far * span:
                yield value, row

    @property
    def all_numbers(self) -> bool:
        """Whether this is a column of numbers: at least one finite, and nothing but numbers, nan and inf."""
        return bool(self._distinct) and not self.not_numbers_count

    @property
    def type(self) -> TargetType:
        """The declared type, else the one the rule gives."""
        if self.declared is not None:
            return self.declared
        measured = self.all_numbers and (self._pointed or len(self._distinct) > FEW_NUMBERS)
        return "continuous" if measured else "categorical"

    @property
    def nan_is_missing(self) -> bool:
        """Whether nan and inf are missing numbers here; in a column of names, or one declared so, they are names."""
        return self.type == "continuous" or (self.declared is None and self.all_numbers)
