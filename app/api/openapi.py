"""The OpenAPI document: what FastAPI knows of the routes, and what stands outside of its models."""

from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.api.pages import example_of
from app.api.problems import HTTP_RULES, PARAMETERS, Rule, rules
from app.api.schemas import examples, headers
from app.api.schemas.predict import OPERATION, SHOWN
from app.api.schemas.problem import MEANING, MEDIA_TYPE, Problem, problems
from app.api.schemas.registry import Promotion
from models.config import config_schema

TAGS = {
    "datasets": "Files and their labels, packed once and trained on by any number of runs.",
    "runs": "Trainings: queued, carried out by a worker, followed meanwhile, paused and resumed, cancelled, removed.",
    "metrics": "The values that a run measured, as numbers and as pictures.",
    "models": "Names for trained runs: promoted, rolled back, removed.",
    "predict": "Answers for files.",
    "predictions": "Answers for all files of a data set, as a job with a table for its result.",
    "system": "The service about itself.",
}
ALWAYS = (400, 422, 500, 503, 507)
"""Any address may hold a NUL or an unknown parameter; any server may fail, miss its database, or have a full disk."""
ONE_OF_MANY: dict[int, str] = {
    400: "malformed",
    404: "not-found",
    409: "conflict",
    413: "too-large",
    415: "unsupported",
    416: HTTP_RULES[416].slug,
    422: PARAMETERS.slug,
    500: HTTP_RULES[500].slug,
    503: "busy",
    507: HTTP_RULES[507].slug,
}
"""Which problem type stands for a status in the document."""
RUN_LINKS = (
    "get_run",
    "delete_run",
    "pause_run",
    "resume_run",
    "cancel_run",
    "list_attempts",
    "list_events",
    "list_checkpoints",
    "list_points",
)
PREDICTION_LINKS = ("get_prediction", "cancel_prediction", "get_prediction_result", "delete_prediction")
DATASET_LINKS = ("get_dataset", "delete_dataset", "list_problems", "list_ignored")


def describe(app: FastAPI) -> None:
    """Make `app.openapi` give the whole document, computed once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way of extending it


def _document(app: FastAPI) -> dict[str, Any]:
    for route in app.routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.name
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    document["paths"]["/predict"] = {"post": deepcopy(OPERATION)}
    components = document.setdefault("components", {})
    components["schemas"] = _schemas(components.get("schemas", {}))
    components["headers"] = headers.components()
    components["responses"] = {f"Problem{status}": _problem(status) for status in MEANING}
    for path in document["paths"].values():
        for operation in path.values():
            _complete(operation)
    return document


def _schemas(known: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's schemas and those that it does not see; a run's body as GET /config/schema has it."""
    shown: tuple[type[BaseModel], ...] = (Problem, Promotion, *SHOWN)
    _, ours = models_json_schema(
        [(model, "serialization") for model in shown], ref_template="#/components/schemas/{model}"
    )
    run = config_schema()
    definitions = {**run.pop("$defs"), "RunRequest": {name: run[name] for name in run if name != "$schema"}}
    found = {**known, **ours["$defs"], **_relocated(definitions)}
    return {name: schema for name, schema in found.items() if name not in {"HTTPValidationError", "ValidationError"}}


def _relocated(part: Any) -> Any:
    """References into a schema's own definitions, as references into the document."""
    if isinstance(part, dict):
        return {
            key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _relocated(value)
            for key, value in part.items()
        }
    return [_relocated(one) for one in part] if isinstance(part, list) else part


def _problem(status: int) -> dict[str, Any]:
    """The answer of a status, with an example."""
    rule: Rule = rules()[ONE_OF_MANY[status]]
    content = problems(status)[status]["content"]
    content[MEDIA_TYPE]["example"] = example_of(rule)
    carried = headers.carried("", status, conditional=False)
    return {"description": MEANING[status], "headers": carried, "content": content}


def _complete(operation: dict[str, Any]) -> None:
    """One operation with every answer, header and example."""
    name, answers = operation["operationId"], operation["responses"]
    for parameter in operation.get("parameters", []):
        _as_sent(parameter)
    conditional = "304" in answers
    for status in ALWAYS:
        answers.setdefault(str(status), {})
    for status in sorted(answers, key=int):
        answer = answers.pop(status)
        if int(status) >= 400:
            answers[status] = {"$ref": f"#/components/responses/Problem{status}"}
            continue
        answers[status] = {**answer, "headers": headers.carried(name, int(status), conditional=conditional)}
        if example := examples.ANSWERS.get(name, {}).get(int(status)):
            answer["content"]["application/json"]["example"] = example
    for kind, bodies in examples.REQUESTS.get(name, {}).items():
        operation["requestBody"]["content"][kind]["examples"] = bodies
    _link(name, answers)


def _as_sent(parameter: dict[str, Any]) -> None:
    """A parameter that is left out is not null: there is no null in an address or a header."""
    schema = parameter["schema"]
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    if kinds:
        schema |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if parameter["in"] == "path" and parameter["name"] in examples.PARAMETERS:
        parameter["example"] = examples.PARAMETERS[parameter["name"]]


def _link(operation: str, answers: dict[str, Any]) -> None:
    """What can be asked about that which was made."""
    made = {
        "submit_run": ("202", "run_id", RUN_LINKS),
        "submit_prediction": ("202", "prediction_id", PREDICTION_LINKS),
        "upload_dataset": ("201", "dataset_id", DATASET_LINKS),
    }
    if operation in made:
        status, parameter, others = made[operation]
        answers[status]["links"] = {
            other: {"operationId": other, "parameters": {parameter: "$response.body#/id"}} for other in others
        }
    if operation == "promote_run":
        name = {"name": "$response.body#/name"}
        links = {other: {"operationId": other, "parameters": name} for other in ("get_model", "delete_model")}
        answers["200"]["links"] = {**links, "roll_back": {"operationId": "roll_back", "parameters": name}}
