"""Octet's Python client: upload files, start runs, follow them, ask their models.

from octet import Client
with Client() as octet:
    reviews = octet.upload("reviews/", labels="labels.csv")
    run = octet.train(reviews, "Sentiment", max_runtime_s=600)
    for point in octet.watch(run):
        print(point.step, point.split, point.name, point.value)
    print(octet.predict("review.txt", run=run).answer().label)
"""

from importlib.metadata import version

from octet.client import DEFAULT_URL, Client
from octet.errors import (
    Busy,
    Conflict,
    FileChanged,
    Invalid,
    NotFound,
    OctetError,
    Refused,
    RunFailed,
    Unreachable,
)
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
    "Busy",
    "Checkpoint",
    "Client",
    "Conflict",
    "Dataset",
    "DatasetPrediction",
    "Fault",
    "FileChanged",
    "Invalid",
    "Model",
    "ModelVersion",
    "Models",
    "NotFound",
    "OctetError",
    "Point",
    "Prediction",
    "Predictions",
    "Progress",
    "Refused",
    "Run",
    "RunFailed",
    "Seen",
    "UnlikeTraining",
    "Unreachable",
    "__version__",
]

__version__ = version("octet")
"""As pyproject.toml has it, the one place where it stands; the service says the same of itself in /openapi.json."""
