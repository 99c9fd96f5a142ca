"""What POST /predict takes and answers, as OpenAPI shows it; the route itself is too hot for model validation."""

from typing import Any

from pydantic import BaseModel, Field

from app.api.schemas.problem import problems


class CategoricalOutput(BaseModel):
    """The answer for a categorical target."""

    label: str = Field(description="The most probable class.")
    probabilities: dict[str, float] = Field(description="Of every class; they sum to 1.")


class ContinuousOutput(BaseModel):
    """The answer for a continuous target."""

    value: float = Field(description="On the scale of the labels.")


class CheckpointUsed(BaseModel):
    """Which weights answered."""

    step: int
    digest: str = Field(description="SHA-256 of the checkpoint file, hex.")


class UnlikeTraining(BaseModel):
    """How unlike the files that the run was trained on a file is. Absent where the checkpoint cannot tell."""

    score: float = Field(
        ge=0, le=1, description="The share of files like the training files that are more like them than this one."
    )
    flag: bool = Field(description="Above 0.99: the file is of another kind, and its answer is not to be trusted.")


class Prediction(BaseModel):
    """The answer for one file."""

    run: str
    checkpoint: CheckpointUsed
    bytes: int = Field(description="Size of the file as sent.")
    read: int = Field(description="How many of its bytes the model saw.")
    unlike_training: UnlikeTraining | None = None
    outputs: dict[str, dict[str, CategoricalOutput | ContinuousOutput]] = Field(
        description="Output name, then target name, to the answer."
    )


class PredictionFailure(BaseModel):
    """In the place of an answer: this file could not be computed, the others are not touched by it."""

    type: str
    title: str
    detail: str


class NamedPrediction(BaseModel):
    """The answer for one file of several: as for one alone, or `error`."""

    name: str | None = Field(description="The part's file name.")
    run: str
    checkpoint: CheckpointUsed
    bytes: int
    read: int | None = None
    unlike_training: UnlikeTraining | None = None
    outputs: dict[str, dict[str, CategoricalOutput | ContinuousOutput]] | None = None
    error: PredictionFailure | None = None


class Predictions(BaseModel):
    """The answers for a multipart form, in its order."""

    predictions: list[NamedPrediction]


class EirResult(BaseModel):
    """EIR's form: per item, output name, then target name, to {class: probability} or {target: value}."""

    result: list[dict[str, dict[str, dict[str, float]]]]


SHOWN: tuple[type[BaseModel], ...] = (Prediction, Predictions, EirResult)


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"schema": schema}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
    of_type = schema or {"type": "string"}
    return {"name": name, "in": "query", "required": False, "schema": of_type, "description": description}


OPERATION: dict[str, Any] = {
    "tags": ["predict"],
    "operationId": "predict",
    "summary": "Predict files",
    "description": (
        "Every content type except application/json and multipart/form-data, also none, makes the body the bytes of "
        "one file. Without `run` and `model`: the model named `default`, else the newest succeeded run."
    ),
    "parameters": [
        _parameter("run", "Id of a run; it may still be training."),
        _parameter(
            "checkpoint",
            "Step of one served checkpoint of `run`, in place of its best: the same weights answer request after "
            "request. 404 with the steps there are when it is no longer kept.",
            type="integer",
            minimum=0,
        ),
        _parameter("model", "A name of the registry, else of the newest succeeded run."),
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": _content({"type": "string", "format": "binary"}),
            "multipart/form-data": _content(
                {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            ),
            "application/json": _content(
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": "object", "additionalProperties": {"type": "string", "format": "byte"}},
                    "description": "EIR's request: [{INPUT_NAME: base64}, ...]",
                }
            ),
        },
    },
    "responses": {
        "200": {
            "description": "One answer, or one per file.",
            "content": {
                "application/json": _content(
                    {"oneOf": [_reference(model.__name__) for model in SHOWN]},
                )
            },
        },
        **{str(status): answer for status, answer in problems(400, 404, 409, 413, 415, 422, 503, 507).items()},
    },
}
