"""Odd requests, a line each: what is asked, and what is answered. Nothing of them is a 500, nothing is guessed."""

import httpx
import pytest

from tests.app.api import sides
from tests.app.api.failing import is_problem

JSON = {"content-type": "application/json"}
SHORT = b'{"dataset": "odd", "target": "side"}'
LONG_KEY = {**JSON, "idempotency-key": "k" * 300}


@pytest.fixture(scope="module")
def names(client):
    """What the addresses below mean by RUN (ended without a checkpoint) and DATASET."""
    dataset = sides.upload(client, "odd", seed=41)["id"]
    run = sides.submit(client, name="odd")
    client.post(f"/runs/{run}/cancel")
    return {"RUN": run, "DATASET": dataset}


def ask(client, names, method: str, path: str, headers=None, content: bytes = b"") -> httpx.Response:
    """The path goes out as it stands: httpx would mend it."""
    for name, value in names.items():
        path, content = path.replace(name, value), content.replace(name.encode(), value.encode())
    request = httpx.Request(method, client.base_url, headers=headers, content=content)
    request.url = request.url.copy_with(raw_path=path.encode())
    return client.send(request)


@pytest.mark.parametrize(
    ("method", "path", "status", "rule", "said"),
    [
        ("GET", "/runs/", 404, "no-such-path", "did you mean /runs?"),
        ("GET", "//runs", 404, "no-such-path", "did you mean /runs?"),
        ("GET", "/datasets/DATASET/", 404, "no-such-path", "did you mean /datasets/DATASET?"),
        ("GET", "/Runs", 404, "no-such-path", "GET / lists"),
        ("GET", "/runs/%2e%2e/datasets", 404, "no-such-path", "nothing is at"),
        ("GET", "/runs/..%2f..%2fetc", 404, "no-such-path", "nothing is at"),
        ("GET", "/runs/a%2Fb", 404, "no-such-path", "nothing is at"),
        ("GET", "/runs/%ff", 404, "unknown-run", "the newest are"),
        pytest.param("GET", "/runs/" + "x" * 3000, 404, "unknown-run", "the newest are", id="a long id"),
        ("GET", "/docs/static/%2e%2e/%2e%2e/etc/passwd", 404, "no-such-path", "/docs/static/"),
        ("GET", "/docs/static/nosuch.js", 404, "no-such-path", "nothing is at /docs/static/nosuch.js"),
        ("GET", "/runs?limit=1&limit=2", 422, "repeated-parameter", "limit: stands twice"),
        ("POST", "/predict?run=RUN&run=x", 422, "repeated-parameter", "run: stands twice"),
        ("GET", "/runs?limit=1.5", 422, "parameters", "limit"),
        ("GET", "/runs?limit=", 422, "parameters", "limit"),
        ("GET", "/runs?limit=1e3", 422, "parameters", "limit"),
        ("GET", "/runs?limit=%EF%BC%91", 422, "parameters", "limit"),
        ("GET", "/runs?limit=1001", 422, "parameters", "1000"),
        ("GET", "/runs?after=-1", 422, "parameters", "after"),
        ("GET", "/runs?after=null", 422, "parameters", "after"),
        ("GET", "/runs?status=Queued", 422, "unknown-status", "use one of queued"),
        ("GET", "/runs?=1", 422, "unknown-parameter", "this route takes"),
        ("GET", "/runs?%ff=1", 422, "unknown-parameter", "this route takes"),
        ("GET", "/runs?offset=10", 422, "unknown-parameter", "this route takes after"),
        ("GET", "/runs/RUN/metrics?split=Train", 422, "parameters", "'train' or 'valid'"),
        ("GET", "/runs/RUN/metrics?limit=10001", 422, "parameters", "10000"),
        ("GET", "/runs/RUN/curves/loss.SVG", 422, "parameters", "'svg' or 'png'"),
        ("GET", "/runs/RUN/curves/loss", 404, "no-such-path", "nothing is at"),
        ("GET", "/runs/RUN/curves/a.b.svg", 404, "unknown-metric", "no metric a.b"),
        ("GET", "/runs/RUN/checkpoints/-1/weights", 422, "parameters", "step"),
        ("GET", "/runs/RUN/checkpoints/best/weights", 422, "parameters", "step"),
        ("GET", "/runs/RUN/checkpoints/1/weights", 404, "unknown-checkpoint", "it has none of this kind"),
        ("GET", "/runs/RUN/checkpoints/1/weights?kind=", 422, "parameters", "'best' or 'resume'"),
        ("GET", "/runs/RUN/log?attempt=0", 422, "parameters", "attempt"),
        ("GET", "/runs/RUN/log", 404, "no-log", "there were 0 attempts"),
        ("GET", "/runs/RUN/attempts?after=x", 422, "parameters", "after"),
        ("GET", "/datasets/DATASET/problems?after=3", 422, "bad-position", "begin at 0"),
        ("GET", "/datasets/DATASET/ignored?limit=0", 422, "parameters", "limit"),
        ("GET", "/models?limit=0", 422, "parameters", "limit"),
        ("GET", "/problems/Unknown-Run", 404, "not-found", "GET /problems lists them"),
        ("PATCH", "/runs/RUN", 405, "method-not-allowed", "it takes DELETE, GET, HEAD, OPTIONS"),
        ("PUT", "/models", 405, "method-not-allowed", "it takes GET, HEAD, OPTIONS"),
        ("DELETE", "/", 405, "method-not-allowed", "it takes GET, HEAD, OPTIONS"),
        ("POST", "/docs", 405, "method-not-allowed", "it takes GET, HEAD, OPTIONS"),
        ("OPTIONS", "/nosuch", 404, "no-such-path", "nothing is at"),
        ("DELETE", "/runs/nosuch", 404, "unknown-run", "the newest are"),
        ("DELETE", "/runs/RUN?force=1", 422, "unknown-parameter", "takes no parameters"),
        ("DELETE", "/models/nosuch", 404, "unknown-model", "no model 'nosuch'"),
        ("DELETE", "/datasets/nosuch", 404, "unknown-dataset", "no data set"),
        ("POST", "/predict?checkpoint=1", 422, "checkpoint-without-run", "name the run"),
        ("POST", "/predict?run=RUN&model=a", 422, "run-or-model", "not both"),
        ("POST", "/predict?run=", 404, "unknown-run", "the newest are"),
        ("POST", "/predict?model=", 404, "unknown-model", "no model ''"),
        ("POST", "/predict?run=RUN", 409, "no-checkpoint", "ended without one"),
        ("POST", "/predict?run=RUN&checkpoint=01x", 422, "bad-step", "is no step"),
    ],
)
def test_an_odd_address(client, names, method, path, status, rule, said):
    body = is_problem(ask(client, names, method, path, content=b"x" if method == "POST" else b""), status)
    assert body["type"] == f"/problems/{rule}"
    for name, value in names.items():
        said = said.replace(name, value)
    assert said in body["detail"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "content", "status", "said"),
    [
        ("POST", "/runs", JSON, b"\xef\xbb\xbf{}", 400, "byte order mark"),
        ("POST", "/runs", JSON, b'{"seed": NaN}', 400, "not JSON"),
        ("POST", "/runs", JSON, b'{"seed": 1e400}', 400, "infinity"),
        ("POST", "/runs", JSON, b'{"a": "\xff"}', 400, "UTF-8"),
        ("POST", "/runs", JSON, b'{"dataset": "\\ud800"}', 400, "surrogate"),
        ("POST", "/runs", JSON, b"true", 422, "must be a JSON object"),
        ("POST", "/runs", {"content-type": "text/json"}, b"{}", 415, "application/json"),
        ("POST", "/runs", {"content-type": "application/json; charset=x;;"}, b"{}", 422, "/dataset"),
        ("POST", "/runs", {}, b"", 400, "empty document"),
        ("POST", "/runs", {**JSON, "idempotency-key": ""}, SHORT, 422, "0 characters; use 1 to 255"),
        ("POST", "/runs", LONG_KEY, SHORT, 422, "300 characters; use 1 to 255"),
        ("POST", "/runs?validate=maybe", JSON, SHORT, 422, "validate"),
        ("PUT", "/models/%2e", JSON, b'{"run": "RUN"}', 422, "beginning with a letter or digit"),
        ("PUT", "/models/a", JSON, b'{"run": "RUN", "checkpoint": 1.5}', 422, "/checkpoint"),
        ("PUT", "/models/a", JSON, b'{"run": "RUN", "checkpoint": true}', 422, "/checkpoint"),
        ("PUT", "/models/a", JSON, b'{"run": "RUN", "checkpoint": -1}', 422, "/checkpoint"),
        ("PUT", "/models/a", JSON, b'{"run": "RUN", "checkpoint": 3.0}', 409, "no served checkpoint of step 3"),
        ("PUT", "/models/a", JSON, b'{"run": "RUN"}', 409, "ended without one"),
        ("PUT", "/models/a", JSON, b"[]", 422, "must be a JSON object"),
        ("POST", "/datasets", {"content-type": "multipart/form-data; boundary="}, b"x", 400, "no boundary"),
    ],
)
def test_an_odd_body(client, names, method, path, headers, content, status, said):
    assert said in is_problem(ask(client, names, method, path, headers, content), status)["detail"]


@pytest.mark.parametrize(
    ("path", "headers", "status", "kind"),
    [
        ("/runs", {"accept": "application/xml"}, 200, "application/json"),
        ("/runs", {"accept": ";;q=abc,,"}, 200, "application/json"),
        ("/runs", {"accept": ""}, 200, "application/json"),
        ("/runs", {"if-none-match": "garbage"}, 200, "application/json"),
        ("/runs?limit=+5", {}, 200, "application/json"),
        ("/runs?&&&", {}, 200, "application/json"),
        ("/runs/RUN", {"if-none-match": "*"}, 304, ""),
        ("/runs/RUN", {"if-none-match": '"a", W/"b'}, 200, "application/json"),
        ("/runs/RUN/metrics", {"accept": "text/csv;q=0.1, application/json;q=0"}, 200, "text/csv"),
        ("/runs/RUN/metrics", {"accept": "text/*"}, 200, "text/csv"),
        ("/datasets/DATASET/problems", {"accept": "text/*, */*;q=0.1"}, 200, "text/csv"),
        ("/problems/unknown-run", {"accept": "application/json"}, 200, "application/json"),
        ("/problems/unknown-run", {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, 200, "text/html"),
        ("/health/live", {"x-request-id": "x y"}, 200, "application/json"),
    ],
)
def test_an_odd_header_does_no_harm(client, names, path, headers, status, kind):
    answer = ask(client, names, "GET", path, headers)
    assert (answer.status_code, answer.headers.get("content-type", "").partition(";")[0]) == (status, kind)


def test_a_data_set_is_removed_by_its_name_as_it_is_read(client):
    sides.upload(client, "by name", seed=43)
    assert client.get("/datasets/by%20name").status_code == 200
    assert client.delete("/datasets/by%20name").status_code == 204
    is_problem(client.delete("/datasets/by%20name"), 404)
