"""Curves in the terminal: lines of braille dots, two by four to a character, or of letters where there is no braille.

Drawn here in a page of code: a dependency for it (plotext) changed every call between two of its major versions, and
does not read NO_COLOR.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from rich.text import Text

STYLES = ("cyan", "yellow", "green", "magenta", "red", "blue", "bright_cyan", "white")
WIDTH, HEIGHT = 64, 12
# Bit of each dot in a braille character, by (row, column); U+2800 is the empty one.
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@dataclass(frozen=True)
class Line:
    """One named curve: its points by rising x; `best` is the x of the point to mark."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    best: float | None = None


def draw(
    title: str,
    lines: Sequence[Line],
    *,
    braille: bool,
    width: int = WIDTH,
    height: int = HEIGHT,
    log: bool = False,
) -> Text:
    """A frame with the lines in it, their range on the left, the range of x below and a legend; '' without points.

    log: values on a logarithmic axis; all must be above 0.
    """
    lines = [line for line in lines if line.xs]
    if not lines:
        return Text()
    placed = [Line(n.name, n.xs, [math.log10(y) for y in n.ys], n.best) for n in lines] if log else lines
    (left, right), (low, high) = _range([x for n in placed for x in n.xs]), _range([y for n in placed for y in n.ys])
    size = (width * 2, height * 4)
    cells: dict[tuple[int, int], tuple[int, int]] = {}
    for index, line in enumerate(placed):
        for column, row in _dots(line, (left, right), (low, high), *size):
            cell = (row // 4, column // 2)
            bits = cells.get(cell, (0, 0))[0] | DOTS[row % 4][column % 2]
            cells[cell] = (bits, index)
    best = {
        (row // 4, column // 2): index
        for index, line in enumerate(placed)
        for column, row in _dots(_best_of(line), (left, right), (low, high), *size)
    }
    marks = _marks(lines, braille)
    middle = height // 2
    shown = {0: high, middle: high - (high - low) * (middle * 4 + 1.5) / (size[1] - 1), height - 1: low}
    labels = {row: _number(10.0**y if log else y) for row, y in shown.items()}
    text = Text().append(f"{title}{' (logarithmic)' if log else ''}\n", "bold")
    for row in range(height):
        text.append(f"{labels.get(row, ''):>10} ┤" if braille else f"{labels.get(row, ''):>10} |", "dim")
        drawn = []
        for column in range(width):
            bits, index = cells.get((row, column), (0, -1))
            mark = (chr(0x2800 + bits) if braille else marks[index]) if bits else " "
            if (row, column) in best:
                mark, index = "●" if braille else "*", best[row, column]
            drawn.append((mark, STYLES[index % len(STYLES)] if index >= 0 else ""))
        for style, group in groupby(drawn, key=lambda cell: cell[1]):
            text.append("".join(mark for mark, _ in group), style or None)
        text.append("\n")
    third, between = width // 3, _number(round((left + right) / 2))
    steps = f"{_number(left):<{third}}{between:^{width - 2 * third}}{_number(right) + ' steps':>{third}}"
    text.append(f"{'':>12}{steps}\n{'':>12}", "dim")
    for index, line in enumerate(lines):
        text.append(f"{marks[index]} {line.name}  ", STYLES[index % len(STYLES)])
    return text.append(_best_in_words(lines, braille), "dim")


def _best_in_words(lines: Sequence[Line], braille: bool) -> str:
    """What the mark means, with its value where there is one alone; '' where there is none."""
    found = [(x, y) for line in map(_best_of, lines) for x, y in zip(line.xs, line.ys, strict=True)]
    where = f" {_number(found[0][1])} at step {_number(found[0][0])}" if len(found) == 1 else ""
    return f"{'●' if braille else '*'} best{where}" if found else ""


def _marks(lines: Sequence[Line], braille: bool) -> list[str]:
    """What stands for each line: dots, or its first letter, or its number where letters are not unique."""
    if braille:
        return ["⣿"] * len(lines)
    letters = [line.name[:1] for line in lines]
    return letters if len(set(letters)) == len(lines) else [str(n) for n in range(1, len(lines) + 1)]


def _best_of(line: Line) -> Line:
    """The line's point to mark, as a line of its own; one without points where there is none."""
    found = [(x, y) for x, y in zip(line.xs, line.ys, strict=True) if x == line.best][:1]
    return Line(line.name, [x for x, _ in found], [y for _, y in found])


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _dots(
    line: Line, x_range: tuple[float, float], y_range: tuple[float, float], columns: int, rows: int
) -> list[tuple[int, int]]:
    """The dots of a polyline: as many as it needs to have no gaps."""
    places = [
        (
            (x - x_range[0]) / (x_range[1] - x_range[0]) * (columns - 1),
            (1 - (y - y_range[0]) / (y_range[1] - y_range[0])) * (rows - 1),
        )
        for x, y in zip(line.xs, line.ys, strict=True)
    ]
    dots = [(round(x), round(y)) for x, y in places[:1]]
    for (x0, y0), (x1, y1) in pairwise(places):
        pieces = max(1, round(max(abs(x1 - x0), abs(y1 - y0))))
        dots += [(round(x0 + (x1 - x0) * i / pieces), round(y0 + (y1 - y0) * i / pieces)) for i in range(1, pieces + 1)]
    return dots


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"
