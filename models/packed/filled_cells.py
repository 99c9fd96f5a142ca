"""The filled cells of a column of labels, counted by their text: what every question about the column is put to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.packed.problems import ProblemLog, counted
from models.packed.texts import Int64, Texts

MOST_TEXTS = 100_000
"""A column is read until so many different texts were met: that is enough to tell what it holds."""


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
