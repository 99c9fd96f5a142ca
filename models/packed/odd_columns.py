"""What is odd about a column of labels though it can be read: said loudly with the mend, and never guessed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.packed.kinds import FEW_NUMBERS, KindOfColumn, is_finite, number
from models.packed.problems import ProblemLog, counted, some
from models.packed.texts import Int64, Texts
from models.packed.writings import (
    MENDS,
    as_readers_see,
    difference,
    is_date,
    is_json,
    is_whole,
    means_missing,
    nearly_a_number,
)

FEW = 10
"""So few files may be of one class, or each of its own, without a word: they are a trial, and a run says it."""
MOST_TEXTS = 100_000
"""A column is read until so many different texts were met: that is enough to tell what it holds."""
MOST_JSON = 1_000
"""So many different texts are parsed at most."""
ALMOST_ALL = 0.9


@dataclass(frozen=True)
class FilledCells:
    """The filled cells of one target. counts: by text; first: the place of each text's first cell.

    rows: None where no table says the labels. more: whether there are more cells than were counted.
    """

    name: str
    ids: Texts
    rows: Int64 | None
    counts: dict[str, int]
    first: dict[str, int]
    more: bool

    @classmethod
    def of(cls, name: str, cells: Texts, ids: Texts, rows: Int64 | None = None) -> "FilledCells":
        """Gather the cells that are not blank."""
        counts: dict[bytes, int] = {}
        first: dict[bytes, int] = {}
        for at, raw in enumerate(cells.each_raw()):
            if raw in counts:
                counts[raw] += 1
            elif len(counts) == MOST_TEXTS:
                break
            else:
                counts[raw], first[raw] = 1, at
        filled = {raw: text for raw in counts if (text := str(raw, "utf-8")).strip()}
        more = sum(counts.values()) < len(cells)
        counted, began = ({text: where[raw] for raw, text in filled.items()} for where in (counts, first))
        return cls(name, ids, rows, counted, began, more)

    @property
    def total(self) -> int:
        """How many filled cells were counted."""
        return sum(self.counts.values())

    @property
    def classes(self) -> str:
        """The number of different texts, in words."""
        return f"{'more than ' if self.more else ''}{counted(len(self.counts), 'class', 'classes')}"

    def cells(self, texts: Iterable[str]) -> int:
        """How many cells hold one of these texts."""
        return sum(self.counts[text] for text in texts)

    def place(self, text: str) -> str:
        """Where a text stands first: its row, else its file."""
        at = self.first[text]
        return repr(self.ids[at]) if self.rows is None else f"row {self.rows[at]}"

    def where(self, texts: Sequence[str], limit: int = 5) -> str:
        """A few texts and the row where each stands first, in words."""
        shown = ", ".join(f"{text[:40]!r} in {self.place(text)}" for text in texts[:limit])
        return shown if len(texts) <= limit else f"{shown} and {len(texts) - limit} more"

    def say(self, problems: ProblemLog, kind: str, text: str, detail: str) -> None:
        """Note a problem at the first cell with this text."""
        at = self.first[text]
        row = None if self.rows is None else int(self.rows[at])
        problems.add(kind, detail, file_id=self.ids[at], row=row, column=self.name)


def say_odd(problems: ProblemLog, kind: KindOfColumn, name: str, cells: Texts, ids: Texts, rows: Int64) -> None:
    """Everything odd about one target; one that is declared to be of a kind is taken at its word."""
    if kind.type == "continuous" and kind.finite_count:
        if kind.one_value is not None:
            detail = (
                f"target {name!r} is {kind.one_value:g} in every row: there is nothing to learn, every prediction will "
                "be this number; add files with other values, or leave the target out"
            )
            problems.add("one_value", detail, column=name)
        return
    column = FilledCells.of(name, cells, ids, rows)
    if not column.counts:
        problems.add("empty_target", f"target {name!r} has no value in any row; no run can learn it", column=name)
    elif len(column.counts) == 1:
        ((text, count),) = column.counts.items()
        if count > FEW:
            detail = (
                f"target {name!r} is {text[:80]!r} in every row: there is nothing to tell apart, and no run takes it; "
                "add files of another class"
            )
            column.say(problems, "one_class", text, detail)
    else:
        if kind.declared is None and not kind.all_numbers:
            _say_meaning(problems, column)
        say_twins(problems, column)


def _say_meaning(problems: ProblemLog, column: FilledCells) -> None:
    """Texts that were perhaps meant as something else than names: what is likeliest, alone."""
    if _say_nearly_numbers(problems, column):
        return
    texts, name = list(column.counts), repr(column.name)
    if column.cells(filter(is_date, texts)) >= ALMOST_ALL * column.total:
        detail = (
            f"target {name} holds dates ({some(texts[:4], 3, len(texts))}), read as {column.classes}, each a name of "
            f"its own; write numbers instead (days, years), or declare {name} categorical if the dates are names"
        )
        column.say(problems, "dates", texts[0], detail)
    elif all(map(is_json, texts[:MOST_JSON])):
        detail = (
            f"target {name} holds JSON ({texts[0][:60]!r}), read as {column.classes}, each text a name of its own; "
            f"make a column of each value in it, or declare {name} categorical if the texts are names"
        )
        column.say(problems, "json", texts[0], detail)
    elif len(texts) > FEW and 2 * len(texts) > column.total:
        detail = (
            f"target {name} has {column.classes} in {column.total} cells, like an ID or free text: hardly any class "
            "has a second file to be learnt from and measured on; leave the target out, or give files common labels"
        )
        column.say(problems, "many_classes", texts[0], detail)


def _say_nearly_numbers(problems: ProblemLog, column: FilledCells) -> bool:
    """Whether most cells are numbers, or nearly, and others stand among them; it is said then."""
    plain = {text for text in column.counts if (value := number(text)) is not None and is_finite(value)}
    nearly = {text: what for text in column.counts if text not in plain and (what := nearly_a_number(text))}
    odd = [text for text in column.counts if text not in plain]
    words = [text for text in odd if text not in nearly and means_missing(text)]
    distinct = len(plain) + len(nearly)
    if distinct < 2 or 2 * column.cells((*plain, *nearly)) < column.total - column.cells(words):
        return False
    if distinct <= FEW_NUMBERS and all(map(is_whole, (*plain, *nearly))):  # classes, without the odd cells, too
        for word in words:
            where = f"{counted(column.counts[word], 'cell')} (first in {column.place(word)})"
            detail = (
                f"target {column.name!r}: {word.strip()!r} stands among numbers in {where} and is a class of its own; "
                f"leave a cell empty where the label is missing, or declare {column.name!r} categorical if it is a name"
            )
            column.say(problems, "word_for_missing", word, detail)
        return bool(words)
    mends = [mend for what, mend in MENDS.items() if what in nearly.values()]
    mends += ["write a number, or leave the cell empty where there is none"] if len(odd) > len(nearly) else []
    otherwise = f"of {counted(column.total, 'cell')} {column.cells(odd)} are written otherwise ({column.where(odd)})"
    detail = (
        f"target {column.name!r} looks like numbers, but {otherwise}, so it is read as {column.classes}; "
        f"{'; '.join(mends)}; or declare {column.name!r} categorical if these are names"
    )
    column.say(problems, "nearly_numbers", odd[0], detail)
    return True


def say_twins(problems: ProblemLog, column: FilledCells) -> None:
    """Classes that a reader takes for one, and names with spaces at their ends."""
    seen: dict[str, list[str]] = {}
    for text in column.counts:
        seen.setdefault(as_readers_see(text), []).append(text)
    for twins in (sorted(names, key=lambda text: -column.counts[text]) for names in seen.values() if len(names) > 1):
        listed = ", ".join(f"{text[:80]!a} ({counted(column.counts[text], 'label')})" for text in twins[:5])
        detail = (
            f"target {column.name!r}: the classes {listed} differ in {difference(twins)} alone, and each is a class of "
            "its own; write them alike if they are one"
        )
        column.say(problems, "twin_classes", twins[-1], detail)
    spaced = [names[0] for names in seen.values() if len(names) == 1 and names[0] != names[0].strip()]
    if spaced:
        detail = (
            f"target {column.name!r}: spaces before or after a name ({column.where(spaced)}) are a part of it; remove "
            "them if they mean nothing"
        )
        column.say(problems, "spaces", spaced[0], detail)
