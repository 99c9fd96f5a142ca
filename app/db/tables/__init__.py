"""The tables, one file per resource; a test holds them equal to what the migrations make."""

from app.db.tables.attempts import attempts
from app.db.tables.checkpoints import checkpoints
from app.db.tables.datasets import datasets
from app.db.tables.events import events
from app.db.tables.idempotency import idempotency
from app.db.tables.metadata import metadata
from app.db.tables.points import points
from app.db.tables.predictions import prediction_parts, predictions
from app.db.tables.reaper_actions import reaper_actions
from app.db.tables.registry import registry_models, registry_versions
from app.db.tables.runs import runs

__all__ = [
    "attempts",
    "checkpoints",
    "datasets",
    "events",
    "idempotency",
    "metadata",
    "points",
    "prediction_parts",
    "predictions",
    "reaper_actions",
    "registry_models",
    "registry_versions",
    "runs",
]
