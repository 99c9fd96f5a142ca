"""What is said when a run does not exist."""

from app.db import runs
from app.db.engine import Transaction
from app.db.tables.runs import RunRow
from app.errors import NotFound

_LISTED = 5


class UnknownRun(NotFound):
    """No run has this id."""

    rule = "unknown-run"
    title = "No such run"


def found_run(tx: Transaction, run_id: str) -> RunRow:
    """A run by its id. Raises UnknownRun."""
    run = runs.get(tx, run_id)
    if run is None:
        raise unknown_run(tx, run_id)
    return run


def unknown_run(tx: Transaction, run_id: str) -> UnknownRun:
    """The error for an id that no run has; it lists the newest that exist."""
    newest = runs.newest_ids(tx, _LISTED)
    known = f"the newest are {', '.join(newest)}" if newest else "there are none yet; POST /runs makes one"
    return UnknownRun(f"no run has the id {run_id!r}; {known}")
