"""Rows that tests of predictions begin with: a run with a stored checkpoint, and a prediction over a data set."""

import hashlib
from pathlib import Path
from typing import Any

from app.parts import Parts
from app.services.predictions.lease import PredictionLease, acquire
from app.services.predictions.submit import submit
from app.services.runs.lease import Lease
from app.services.runs.lease import acquire as acquire_run
from app.storage import Blob
from tests.support.runs import CONFIG, a_dataset, a_run, checkpointed


def a_trained_run(parts: Parts, *steps: int, config: dict[str, Any] | None = None) -> Lease:
    """A run that still trains and has a best checkpoint at each step, the later the better."""
    lease = acquire_run(parts, a_run(parts, config=config or CONFIG).id, "trainer")
    assert lease is not None
    for step in steps or (3,):
        for old in checkpointed(parts, lease, "best", step, step / 100)[1]:
            parts.storage.delete(old)
    return lease


def a_prediction(parts: Parts, **body: Any) -> str:
    """The id of a queued prediction over two files, by a run that has one checkpoint unless the body names another."""
    if "dataset" not in body:
        body["dataset"] = a_dataset(parts, f"data for {len(body)}").name
    if "run" not in body and "model" not in body:
        body["run"] = a_trained_run(parts).run_id
    return submit(parts, body)[0].id


def held(parts: Parts, prediction_id: str, worker: str = "w") -> PredictionLease:
    """The lease on a queued prediction."""
    lease = acquire(parts, prediction_id, worker)
    assert lease is not None
    return lease


def a_blob(parts: Parts, key: str, content: bytes = b"rows") -> Blob:
    """Something stored under a key."""
    file = Path(parts.settings.incoming_dir) / hashlib.sha256(key.encode()).hexdigest()
    file.write_bytes(content)
    blob = parts.storage.put(key, file)
    file.unlink()
    return blob
