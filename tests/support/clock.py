"""The database's clock, set back or ahead.

All that our code compares with that clock are times in the rows. So a clock that goes back is the same as rows whose
times all lie as much farther ahead, and that needs no other clock for the processes of a service. Ahead likewise.
"""

import sqlalchemy as sa

from app.db.tables import metadata

HOUR_S = 3600.0
TIMES = frozenset(("created", "started", "ended", "updated", "time", "counted_at", "lease_expires", "announced_at"))
DURATIONS = frozenset(("max_runtime_s", "used_s", "eta_s", "epoch", "value", "average"))


def set_an_hour_back(tx: sa.Connection) -> None:
    """Between two moments of every other transaction."""
    _move_times(tx, HOUR_S)


def set_an_hour_ahead(tx: sa.Connection) -> None:
    """Between two moments of every other transaction."""
    _move_times(tx, -HOUR_S)


def _move_times(tx: sa.Connection, by_s: float) -> None:
    for table in metadata.sorted_tables:
        doubles = {column.name for column in table.columns if isinstance(column.type, sa.Double)}
        assert doubles <= TIMES | DURATIONS, f"is one of {doubles - TIMES - DURATIONS} of {table} a time?"
        moved = {name: table.c[name] + by_s for name in doubles & TIMES}
        if moved:
            tx.execute(sa.update(table).values(moved))
