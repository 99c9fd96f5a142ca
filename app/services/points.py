"""The points of a run, page by page, by a cursor that only rises."""

from dataclasses import dataclass

from app.db import points, runs
from app.db.engine import Transaction
from app.db.tables.points import PointRow
from app.errors import Example, Fault, Invalid
from app.parts import Parts
from app.services.jobs.states import ENDED
from app.services.runs.find import refuse_beyond, unknown_run
from app.services.times import rfc3339

DEFAULT_LIMIT = 1000
MAX_LIMIT = 10_000


class BadSplit(Invalid):
    """Points were asked for by a split that does not exist."""

    rule = "bad-split"
    title = "No such split"
    mend = "Ask for split=train or split=valid, or leave it out."
    example = Example("split is train or valid", "split")


@dataclass(frozen=True, slots=True)
class PointView:
    """One metric value; `target` null is over all targets."""

    cursor: int
    step: int
    epoch: float
    split: str
    target: str | None
    name: str
    value: float
    time: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run's points go. Nothing new can come once `ended` is true."""

    last_cursor: int
    status: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Points in the order of their cursors; the next page comes by `after=next`."""

    points: list[PointView]
    next: int
    position: Position


def position(parts: Parts, run_id: str) -> Position:
    """How far a run's points go, without reading them. Raises UnknownRun."""
    with parts.db.reading() as tx:
        return _position(tx, run_id)


def page(
    parts: Parts,
    run_id: str,
    after: int = 0,
    name: str | None = None,
    split: str | None = None,
    limit: int = DEFAULT_LIMIT,
    target: str | None = None,
) -> Page:
    """Points beyond a cursor; names are compared in lower case. Raises UnknownRun, BadCursor, BadSplit."""
    if split not in (None, "train", "valid"):
        raise BadSplit("split is train or valid", [Fault("split", f"{split!r}; use train or valid")])
    limit = max(1, min(limit, MAX_LIMIT))
    with parts.db.reading() as tx:
        now = _position(tx, run_id)
        refuse_beyond(after, now.last_cursor, run_id)
        wanted_name = None if name is None else name.lower()
        last = now.last_cursor
        rows = points.after(tx, run_id, after, last=last, name=wanted_name, split=split, target=target, limit=limit)
    # a page that is not full has seen all there is, also what the filters left out
    following = rows[-1].cursor if len(rows) == limit else now.last_cursor
    return Page([_view(row) for row in rows], following, now)


def _position(tx: Transaction, run_id: str) -> Position:
    found = runs.position(tx, run_id)
    if found is None:
        raise unknown_run(tx, run_id)
    last_cursor, status = found
    return Position(last_cursor, status, status in ENDED)


def _view(row: PointRow) -> PointView:
    return PointView(
        cursor=row.cursor,
        step=row.step,
        epoch=row.epoch,
        split=row.split,
        target=row.target or None,
        name=row.name,
        value=row.value,
        time=rfc3339(row.time),
    )
