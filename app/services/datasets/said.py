"""All that was said of a data set's upload: every problem, every file that was ignored, page by page or in a stream."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from app.errors import Example, Fault, Invalid
from app.parts import Parts
from app.services.datasets.find import found_dataset
from app.services.datasets.view import said_key
from models.packed import NotALine, read_lines

Kind = Literal["problems", "ignored"]
DEFAULT_LIMIT, MAX_LIMIT = 1000, 10_000


class BadPosition(Invalid):
    """The cursor is none that a page of this list has given out."""

    rule = "bad-position"
    title = "Not a cursor of this list"
    mend = "Go on with the `next` of the page before, or begin at 0."
    example = Example("7 is no cursor of this list; begin at 0, go on with `next`", "after")


@dataclass(frozen=True, slots=True)
class SaidPage:
    """A part of a list; `next` is the cursor of the following page, None at the end, `count` how many there are."""

    said: list[Any]
    next: int | None
    count: int


def page(parts: Parts, dataset_id: str, kind: Kind, after: int = 0, limit: int = DEFAULT_LIMIT) -> SaidPage:
    """Problems (as objects) or ignored paths, in the order they were met. Raises UnknownDataset, BadPosition."""
    count, lines = _lines(parts, dataset_id, kind, after)
    limit = max(1, min(limit, MAX_LIMIT))
    try:
        taken = list(islice(lines, limit + 1))
    except NotALine:
        detail = f"{after} is no cursor of this list; begin at 0, go on with `next`"
        raise BadPosition(detail, [Fault("after", detail)]) from None
    shown = taken[:limit]
    return SaidPage([line for line, _ in shown], shown[-1][1] if len(taken) > limit else None, count)


def every(parts: Parts, dataset_id: str, kind: Kind) -> Iterator[Any]:
    """All of them, read as they are taken. Raises UnknownDataset at once."""
    _, lines = _lines(parts, dataset_id, kind, 0)
    return (line for line, _ in lines)


def _lines(parts: Parts, dataset_id: str, kind: Kind, after: int) -> tuple[int, Iterator[tuple[Any, int]]]:
    """How many there are, and each with the cursor behind it."""
    with parts.db.reading() as tx:
        row = found_dataset(tx, dataset_id)
    count = sum(row.problem_counts.values()) if kind == "problems" else row.ignored_count
    path = parts.storage.local(said_key(row.id)) / f"{kind}.jsonl"
    if count and not path.exists():  # of a version that kept no more than the row
        listed = row.problems if kind == "problems" else row.ignored
        return count, ((line, at) for at, line in enumerate(listed, 1) if at > after)
    return count, read_lines(path, after)
