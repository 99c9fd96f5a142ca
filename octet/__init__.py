"""Octet's Python client: upload files, start runs, follow them, ask their models.

from octet import Client
with Client() as octet:
    octet.upload("reviews/", labels="labels.csv", name="reviews")
    run = octet.submit({"dataset": "reviews", "target": "Sentiment"})
    for seen in octet.watch(run.id):
        print(seen.run.progress)
    print(octet.predict("review.txt", run=run.id).outputs)
"""

from importlib.metadata import version

from octet.client import DEFAULT_URL, Client
from octet.errors import FileChanged, OctetError, Refused, Unreachable
from octet.objects import (
    Answer,
    Attempt,
    Checkpoint,
    Dataset,
    DatasetPrediction,
    Fault,
    Model,
    ModelVersion,
    Point,
    Prediction,
    Progress,
    Run,
    UnlikeTraining,
)
from octet.predictions import Predictions
from octet.registry import Models
from octet.watching import Seen

__all__ = [
    "DEFAULT_URL",
    "Answer",
    "Attempt",
    "Checkpoint",
    "Client",
    "Dataset",
    "DatasetPrediction",
    "Fault",
    "FileChanged",
    "Model",
    "ModelVersion",
    "Models",
    "OctetError",
    "Point",
    "Prediction",
    "Predictions",
    "Progress",
    "Refused",
    "Run",
    "Seen",
    "UnlikeTraining",
    "Unreachable",
    "__version__",
]

__version__ = version("octet")
"""As pyproject.toml has it, the one place where it stands; the service says the same of itself in /openapi.json."""
