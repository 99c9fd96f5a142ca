"""Which attempt at a job is at work now: whatever another one left on a machine is of no use to it."""

from dataclasses import dataclass
from typing import Literal

from app.db import predictions, runs
from app.parts import Parts


@dataclass(frozen=True, slots=True)
class AtWork:
    """kind: of job. attempt: the one that holds the lease; None when nobody does."""

    kind: Literal["run", "prediction"]
    attempt: int | None


def at_work(parts: Parts, job_id: str) -> AtWork | None:
    """Who works on a job; None when there is none of this id (any more)."""
    with parts.db.reading() as tx:
        if (run := runs.get(tx, job_id)) is not None:
            return AtWork("run", run.attempt if run.lease_token else None)
        if (prediction := predictions.get(tx, job_id)) is not None:
            return AtWork("prediction", prediction.attempt if prediction.lease_token else None)
    return None
