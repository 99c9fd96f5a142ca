"""The OpenAPI document is whole, and every example in it was sent to the service before a reader does."""

import json

import jsonschema_rs
import pytest

from app.api.schemas import examples
from app.services.predictions.lease import acquire
from tests.app.api.driver import carry_out
from tests.app.api.failing import is_problem
from tests.support.story import multipart, told
from worker.prediction_attempt import PredictionAttempt
from worker.shutdown import Shutdown

MOMENTS = {"created", "started", "ended", "updated", "time"}
METHODS = {"get", "put", "post", "delete"}


@pytest.fixture(scope="module")
def document(client):
    return client.get("/openapi.json").json()


@pytest.fixture(scope="module")
def story(client, parts):
    def predict(job: str) -> None:
        PredictionAttempt(parts, acquire(parts, job, "tester"), Shutdown()).run()

    story = told(client, lambda run: carry_out(parts, run), predict)
    (parts.settings.data_dir / "log.txt").write_text("step 12\n")
    parts.storage.put(f"runs/{story.run}/log-1.txt", parts.settings.data_dir / "log.txt")
    return story


def operations(document):
    """(method, path, operation) of the whole document."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert method in METHODS
            yield method, path, operation


def resolved(document, part):
    """The part itself, where it is a reference."""
    while "$ref" in part:
        found = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def validator(document, schema):
    """Of one schema of the document, with all that it refers to."""
    return jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]}, validate_formats=True)


def test_the_document_has_every_route_and_no_reference_into_nothing(document):
    assert {"/datasets", "/runs", "/runs/{run_id}/metrics", "/predict", "/models/{name}"} <= set(document["paths"])
    text = json.dumps(document)
    assert "HTTPValidationError" not in text
    for reference in {part.split('"')[0] for part in text.split('"$ref": "')[1:]}:
        assert resolved(document, {"$ref": reference}), reference
    for method, path, operation in operations(document):
        assert any(status.startswith("2") for status in operation["responses"]), (method, path)


def test_every_operation_says_what_it_is(document):
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids)) > 25
    tags = {tag["name"] for tag in document["tags"]}
    for method, path, operation in operations(document):
        for part in ("summary", "description", "tags"):
            assert operation.get(part), (method, path, part)
        assert set(operation["tags"]) <= tags
        for parameter in operation.get("parameters", []):
            assert '"null"' not in json.dumps(parameter["schema"]), (path, parameter)


def test_every_answer_has_its_headers_and_every_problem_an_example(document):
    for method, path, operation in operations(document):
        answers = {status: resolved(document, answer) for status, answer in operation["responses"].items()}
        assert {"400", "422", "500"} < set(answers), (method, path)
        for status, answer in answers.items():
            assert answer["description"], (method, path, status)
            assert "X-Request-Id" in answer["headers"]
            assert ("ETag" in answer["headers"]) == ("304" in answers and status in {"200", "206", "304"})
            assert ("Retry-After" in answer["headers"]) == (status == "503")
            if status == "202" or (status == "201" and method == "post"):
                assert "Location" in answer["headers"]
            if int(status) >= 400:
                content = answer["content"]["application/problem+json"]
                validator(document, content["schema"]).validate(content["example"])
                assert content["example"]["status"] == int(status)


def test_every_json_answer_has_an_example_that_holds(document):
    seen = 0
    for method, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            content = resolved(document, answer).get("content", {}).get("application/json")
            if content and operation["operationId"] not in {"list_problem_types", "get_problem_type"}:
                assert "example" in content, (method, path, status)
                validator(document, content["schema"]).validate(content["example"])
                seen += 1
    assert seen > 20


def test_every_moment_is_rfc_3339_in_utc(document, story, client):
    """The schemas say so of every member that is one; all answers are held against them by the other tests."""
    seen = set()
    for name, schema in document["components"]["schemas"].items():
        for member, described in schema.get("properties", {}).items():
            if member in MOMENTS:
                text = json.dumps(described)
                assert '"format": "date-time"' in text, (name, member)
                assert '"pattern": "Z$"' in text, (name, member)
                seen.add((name, member))
    assert {("Run", "created"), ("Point", "time"), ("Dataset", "created"), ("ModelVersion", "created")} <= seen
    schema = document["components"]["schemas"]["Run"]
    run = client.get(f"/runs/{story.run}").json()
    for wrong in ("2026-11-25T04:05:06.789+00:00", "2026-11-25 04:05:06Z", "1764043506"):
        assert not validator(document, schema).is_valid({**run, "created": wrong})


def holds(document, operation, answer) -> None:
    """The answer is one that the document has for the operation: status, headers, content type, shape."""
    described = resolved(document, operation["responses"][str(answer.status_code)])
    for name in described["headers"]:
        optional = {"Idempotency-Replayed", "X-Next"}
        assert name in answer.headers or name in optional, (operation["operationId"], name)
    if answer.content:
        kind = answer.headers["content-type"].partition(";")[0]
        content = described["content"][kind]
        if kind.endswith("json"):
            validator(document, content["schema"]).validate(answer.json())


BODIES = [
    (operation, kind, name)
    for operation, kinds in examples.REQUESTS.items()
    for kind, bodies in kinds.items()
    for name in bodies
]


@pytest.mark.parametrize(("operation_id", "kind", "name"), BODIES)
def test_an_example_of_a_body_is_taken_as_it_stands(client, document, story, operation_id, kind, name):
    [(method, path, operation)] = [found for found in operations(document) if found[2]["operationId"] == operation_id]
    example = story.of(operation["requestBody"]["content"][kind]["examples"][name])
    if kind == "application/json":
        validator(document, operation["requestBody"]["content"][kind]["schema"]).validate(example["value"])
        sent = {"json": example["value"]}
    elif kind == "multipart/form-data":
        sent = {"files": multipart(example)}
    else:
        sent = {"content": example["value"].encode(), "headers": {"content-type": kind}}
    answer = client.request(method, path.format(**story.parameters), **sent)
    assert answer.is_success, answer.text
    holds(document, operation, answer)
    if answer.status_code == 202:
        client.post(f"{path}/{answer.json()['id']}/cancel")


def test_every_read_answers_its_examples_as_the_document_says(client, document, story):
    seen = set()
    for method, path, operation in operations(document):
        if method == "get":
            answer = client.get(path.format(**story.parameters))
            assert answer.status_code == 200, (path, answer.text)
            holds(document, operation, answer)
            seen.add(operation["operationId"])
    assert {"download_weights", "draw_curve", "get_log", "get_model", "list_points"} <= seen


def test_what_an_answer_links_to_is_an_operation_that_takes_it(document):
    known = {operation["operationId"]: operation for _, _, operation in operations(document)}
    links = [
        link
        for operation in known.values()
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert len(links) > 10
    for link in links:
        takes = {parameter["name"] for parameter in known[link["operationId"]]["parameters"]}
        assert set(link["parameters"]) <= takes


def test_a_range_of_a_file_is_answered_and_one_beyond_it_is_a_problem(client, document, story):
    path = f"/runs/{story.run}/checkpoints/{story.step}/weights"
    whole = client.get(path).content
    for asked, there in (
        ("bytes=0-3", whole[:4]),
        ("Bytes=0-3, 99999999-", whole[:4]),
        ("bytes=-5", whole[-5:]),
        (f"bytes=2-{'9' * 5000}", whole[2:]),
    ):
        part = client.get(path, headers={"range": asked})
        assert (part.status_code, part.content) == (206, there), asked
        assert part.headers["content-range"].endswith(f"/{len(whole)}")
    for beyond in ("bytes=99999999-", f"bytes={'9' * 5000}-", "bytes=-0"):
        refused = client.get(path, headers={"range": beyond})
        assert is_problem(refused, 416)["type"] == "/problems/range-not-satisfiable"
        assert refused.headers["content-range"] == f"bytes */{len(whole)}"


@pytest.mark.parametrize("passed_over", ["items=0-3", "bytes=abc", "bytes=9-1", "bytes=0-3,x", "bytes", "bytes="])
def test_a_range_that_is_none_is_passed_over_as_rfc_9110_has_it(client, story, passed_over):
    path = f"/runs/{story.run}/checkpoints/{story.step}/weights"
    answer = client.get(path, headers={"range": passed_over})
    assert (answer.status_code, answer.content) == (200, client.get(path).content)
