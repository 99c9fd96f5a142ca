"""Statements about reaper actions."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from app.db.dialect import insert
from app.db.tables import reaper_actions


def count(tx: Connection, queue: str, taken: Mapping[str, int]) -> None:
    """Add to the counts of a queue. Rows are locked in one order, so that two reapers never wait for each other."""
    for action in sorted(taken):
        row = insert(tx, reaper_actions).values(queue=queue, action=action, count=taken[action])
        more = {"count": reaper_actions.c["count"] + row.excluded["count"]}
        tx.execute(row.on_conflict_do_update(index_elements=["queue", "action"], set_=more))


def counts(tx: Connection) -> dict[tuple[str, str], int]:
    """By queue and action, since the database was made."""
    columns = (reaper_actions.c.queue, reaper_actions.c.action, reaper_actions.c["count"])
    return {(queue, action): number for queue, action, number in tx.execute(select(*columns))}
