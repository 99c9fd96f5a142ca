"""Predictions over data sets as clients see them."""

from typing import Any

from pydantic import BaseModel, Field

from app.api.root import Link
from app.api.schemas.runs import JobError
from app.api.schemas.times import Time

EXAMPLE: dict[str, Any] = {
    "id": "5d1c0a9e4b7a1853",
    "name": "new reviews",
    "status": "succeeded",
    "run": "2f6c0d9e4b7a1853",
    "run_name": "imdb",
    "model": "sentiment",
    "checkpoint": {"step": 300, "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    "dataset": "new-reviews",
    "dataset_id": "0c9d1e2f3a4b5c6d",
    "progress": {"done": 5000, "files": 5000, "eta_s": None},
    "result": {
        "csv": {"digest": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752", "size_bytes": 402117},
        "parquet": {"digest": "fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13", "size_bytes": 151003},
    },
    "used_s": 28.9,
    "attempt": 1,
    "failures": 0,
    "worker": None,
    "error": None,
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "created": "2026-01-02T03:04:05.678Z",
    "started": "2026-01-02T03:04:06.012Z",
    "ended": "2026-01-02T03:04:35.020Z",
    "updated": "2026-01-02T03:04:35.020Z",
    "links": {
        "self": "/predictions/5d1c0a9e4b7a1853",
        "cancel": "/predictions/5d1c0a9e4b7a1853/cancel",
        "csv": "/predictions/5d1c0a9e4b7a1853/result?format=csv",
        "parquet": "/predictions/5d1c0a9e4b7a1853/result?format=parquet",
        "run": "/runs/2f6c0d9e4b7a1853",
        "dataset": "/datasets/0c9d1e2f3a4b5c6d",
    },
}


class Done(BaseModel):
    """How far a prediction is."""

    done: int = Field(description="Files that were answered; at most a second behind.")
    files: int = Field(description="Files of the data set.")
    eta_s: float | None = Field(description="Seconds to the end; null before the first batch, and once it has ended.")


class Settled(BaseModel):
    """The checkpoint that answers every file; the best one when the prediction was submitted."""

    step: int
    digest: str = Field(description="SHA-256 of the file, hex.")


class ResultFile(BaseModel):
    """The whole result in one form."""

    digest: str = Field(description="SHA-256 of the file, hex; also its entity tag.")
    size_bytes: int


class DatasetPrediction(BaseModel):
    """A prediction over a data set."""

    id: str
    name: str = Field(description="The data set's, unless another was given; need not be unique.")
    status: str = Field(description="queued, running, cancelling, succeeded, failed or cancelled.")
    run: str | None = Field(description="Whose checkpoint answers; null once the run was removed.")
    run_name: str
    model: str | None = Field(description="The name that was asked for, if it was one.")
    checkpoint: Settled
    dataset: str
    dataset_id: str | None = Field(description="null once the data set was removed.")
    progress: Done
    result: dict[str, ResultFile] | None = Field(description="By form, csv and parquet; null until it has succeeded.")
    used_s: float
    attempt: int = Field(description="Leases taken; 0 before the first.")
    failures: int = Field(description="Failed attempts since the last new part of the result.")
    worker: str | None
    error: JobError | None
    trace_id: str | None = Field(description="Of the request that made it; log lines and events carry it.")
    created: Time
    started: Time | None
    ended: Time | None
    updated: Time
    links: dict[str, Link]

    model_config = {"json_schema_extra": {"example": EXAMPLE}}


class DatasetPredictions(BaseModel):
    """A page of predictions, the newest first."""

    predictions: list[DatasetPrediction]
    next: int | None = Field(description="`after` of the following page; null at the end.")


SUBMIT_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["dataset"],
                "additionalProperties": False,
                "properties": {
                    "dataset": {
                        "type": "string",
                        "description": "Name or id; labels are not read.",
                    },
                    "run": {"type": "string", "description": "Id of a run: its best checkpoint, unless one is named."},
                    "model": {"type": "string", "description": "In place of run: a name of the registry or of a run."},
                    "checkpoint": {"type": "integer", "minimum": 0, "description": "Step of a checkpoint of the run."},
                    "name": {"type": "string", "description": "What to call the prediction."},
                },
            },
        }
    },
}
"""The body of POST /predictions; without run and model, what POST /predict takes without them."""
