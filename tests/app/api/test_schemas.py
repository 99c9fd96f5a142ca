"""What OpenAPI promises is what the use cases give: no field is lost on the way, none is invented."""

import dataclasses

import pytest

from app.api.schemas import datasets, metrics, predictions, registry, runs
from app.services import points
from app.services import registry as registry_views
from app.services.datasets.view import DatasetView
from app.services.predictions.view import DoneView, PredictionView
from app.services.runs import read, submit
from app.services.runs.view import ProgressView, RunView


@pytest.mark.parametrize(
    ("shape", "view", "added"),
    [
        (datasets.Dataset, DatasetView, set()),
        (runs.Run, RunView, set()),
        (runs.Progress, ProgressView, set()),
        (runs.Attempt, read.AttemptView, set()),
        (runs.Event, read.EventView, set()),
        (runs.Checkpoint, read.CheckpointView, {"links"}),
        (runs.Estimate, submit.Estimate, set()),
        (metrics.Point, points.PointView, set()),
        (predictions.DatasetPrediction, PredictionView, set()),
        (predictions.Done, DoneView, set()),
        (registry.RegisteredModel, registry_views.ModelView, set()),
        (registry.ModelVersion, registry_views.VersionView, set()),
    ],
)
def test_a_shape_has_exactly_the_fields_of_its_view(shape, view, added):
    assert set(shape.model_fields) == {field.name for field in dataclasses.fields(view)} | added
