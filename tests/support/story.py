"""The data set `reviews`, a run on it, the model `sentiment` and a prediction: what the OpenAPI document speaks of."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from app.api.schemas import examples

RUN = {"dataset": "reviews", "target": "Sentiment", "plan": {"steps": 12, "batch": 2, "threads": 1}}


@dataclass(frozen=True)
class Story:
    """Ids of one service in the place of those in the document."""

    dataset: str
    run: str
    step: int
    prediction: str

    @property
    def parameters(self) -> dict[str, Any]:
        """The parts of paths."""
        return self.of(examples.PARAMETERS) | {"step": self.step}

    def of(self, part: Any) -> Any:
        """A part of the document, told of this service."""
        text = json.dumps(part).replace(examples.RUN_ID, self.run).replace(examples.DATASET_ID, self.dataset)
        text = text.replace(examples.PREDICTION_ID, self.prediction)
        return json.loads(text.replace('"checkpoint": 12', f'"checkpoint": {self.step}'))


def told(client: httpx.Client, train: Callable[[str], object], predict: Callable[[str], object]) -> Story:
    """Make them all; `train` and `predict` take what is queued to its end."""
    form = examples.REQUESTS["upload_dataset"]["multipart/form-data"]["files"]
    made = client.post("/datasets", files=multipart({**form, "value": {**form["value"], "name": "reviews"}}))
    assert made.status_code == 201, made.text
    run = client.post("/runs", json=RUN).json()["id"]
    train(run)
    promoted = client.put("/models/sentiment", json={"run": run})
    assert promoted.status_code == 200, promoted.text
    prediction = client.post("/predictions", json={"run": run, "dataset": "reviews"}).json()["id"]
    predict(prediction)
    return Story(made.json()["id"], run, promoted.json()["step"], prediction)


def multipart(example: dict[str, Any]) -> list[tuple[str, tuple[str | None, bytes]]]:
    """The parts of a form as httpx sends them."""
    names, parts = example.get("x-filenames", {}), []
    for field, value in example["value"].items():
        values = value if isinstance(value, list) else [value]
        for filename, text in zip(names.get(field, [None] * len(values)), values, strict=True):
            parts.append((field, (filename, text.encode())))
    return parts
