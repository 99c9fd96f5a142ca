"""Statements about points."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from app.db.dialect import insert, now
from app.db.rows import every
from app.db.tables import points
from app.db.tables.points import PointRow

_WINDOW_PAGES = 2
"""Cursors of the first window that is looked through, for each point that is asked for: some were given to doubles."""
_UNIQUE = ["run_id", "step", "split", "target", "name"]


def add(tx: Connection, run_id: str, last_cursor: int, values: Sequence[dict[str, Any]]) -> int:
    """Insert points after a cursor, those that are new; the last cursor that was used.

    The caller holds the run's row: that alone makes cursors rise in the order of commits.
    """
    if not values:
        return last_cursor
    time = tx.execute(select(now(tx))).scalar_one()
    numbered = [
        {"run_id": run_id, "cursor": last_cursor + 1 + i, "time": time, **value} for i, value in enumerate(values)
    ]
    statement = insert(tx, points).on_conflict_do_nothing(index_elements=_UNIQUE).returning(points.c.cursor)
    return max(tx.execute(statement, numbered).scalars(), default=last_cursor)


def after(
    tx: Connection,
    run_id: str,
    cursor: int,
    *,
    last: int,
    name: str | None,
    split: str | None,
    target: str | None,
    limit: int,
) -> list[PointRow]:
    """Points beyond a cursor in its order, `last` being the run's; `target` '' asks for those over all targets.

    Looked for in windows of cursors: a planner that knows little of a table (PostgreSQL, before its first ANALYZE)
    would fetch and sort all points of the run for the first page. Without a filter one window is enough; they double.
    """
    filters = ((points.c.name, name), (points.c.split, split), (points.c.target, target))
    matching = select(points).where(
        points.c.run_id == run_id, *(c == wanted for c, wanted in filters if wanted is not None)
    )
    found: list[PointRow] = []
    window = _WINDOW_PAGES * limit
    while cursor < last and len(found) < limit:
        end = min(cursor + window, last)
        query = matching.where(points.c.cursor > cursor, points.c.cursor <= end).order_by(points.c.cursor)
        found += every(tx, query.limit(limit - len(found)), PointRow)
        cursor, window = end, 2 * window
    return found


def series(tx: Connection, run_id: str, name: str) -> list[PointRow]:
    """All points of one metric, by step."""
    query = select(points).where(points.c.run_id == run_id, points.c.name == name)
    return every(tx, query.order_by(points.c.step, points.c.cursor), PointRow)


def names(tx: Connection, run_id: str) -> list[tuple[str, str]]:
    """Which metrics a run has, with their targets, in alphabetical order."""
    query = select(points.c.name, points.c.target).where(points.c.run_id == run_id).distinct()
    return sorted((name, target) for name, target in tx.execute(query))
