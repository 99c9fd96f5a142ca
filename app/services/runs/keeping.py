"""Which checkpoints of a run are kept: the best few and the newest two to resume from."""

from typing import Any

from app.db import checkpoints, predictions
from app.db.engine import Transaction
from app.db.tables.checkpoints import CheckpointRow
from app.db.tables.runs import RunRow
from app.storage import Storage, digest_of

RESUMES_KEPT = 2  # the second, because the newest may turn out to be damaged


def keep_checkpoint(tx: Transaction, run: RunRow, values: dict[str, Any]) -> list[str]:
    """Record a checkpoint of a run that this transaction holds; keys of the blobs that no row refers to any more.

    A resumed run saves some steps again. For `best` the first stays, as with points; for `resume` the later one counts,
    because the run may have resumed before it only because the first was damaged.
    """
    known = checkpoints.get(tx, run.id, values["kind"], values["step"])
    if known is not None and values["kind"] == "best":
        return [] if known.key == values["key"] else [values["key"]]
    dropped = [] if known is None or known.key == values["key"] else [known.key]
    row = checkpoints.put(tx, values)
    rows = checkpoints.best(tx, run.id) if row.kind == "best" else checkpoints.resumes(tx, run.id)
    room = saved_models(run.config) if row.kind == "best" else RESUMES_KEPT
    # what the registry names or an unfinished prediction reads stays
    needed = checkpoints.registered(tx, run.id) | {("best", step) for step in predictions.steps_in_use(tx, run.id)}
    for surplus in rows[room:]:
        if (surplus.kind, surplus.step) not in needed:
            checkpoints.remove(tx, surplus)
            dropped.append(surplus.key)
    return dropped


def saved_models(config: dict[str, Any]) -> int:
    """How many best checkpoints a run keeps; one at least, or nothing could be served."""
    return max(1, int(config["globals"]["evaluation_checkpoint"]["n_saved_models"]))


def best_of(row: CheckpointRow) -> dict[str, Any]:
    """A checkpoint as the run's `best` names it."""
    return {"step": row.step, "average": row.average, "metrics": row.metrics, "digest": row.digest}


def is_whole(storage: Storage, row: CheckpointRow) -> bool:
    """Whether a checkpoint's blob is there and has the bytes that were recorded."""
    return storage.exists(row.key) and digest_of(storage.local(row.key))[0] == row.digest
