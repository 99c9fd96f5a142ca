"""Every failure is a problem document, and every problem type has its page."""

import html
import json
import logging
import re
import socket
from pathlib import Path

import pytest

import app.main  # noqa: F401  loads every error class of the service
from app.api.problems import HTTP_RULES, PARAMETERS, STATUS, rules, status_of
from app.api.schemas.problem import Problem
from app.errors import DomainError
from tests.app.api.failing import is_problem
from tests.app.api.served import served
from tests.support.parts import opened_parts


def every_error() -> list[type[DomainError]]:
    found, waiting = [], [DomainError]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        found += kinds
        waiting += kinds
    return found


def test_every_domain_error_has_a_status():
    assert len(every_error()) > 20
    for kind in every_error():
        assert status_of(kind) in STATUS.values()


def test_rules_are_unique_by_meaning():
    """Two classes may share a slug only when they share title and status: the page must be true of both."""
    for kind in every_error():
        rule = rules()[kind.rule]
        assert (rule.title, rule.status) == (kind.title, status_of(kind))


RAISED = re.compile(r"HTTP_RULES\[(\d+)\]|PARAMETERS")


def test_the_types_that_code_raises_are_those_that_have_a_page(client):
    """Every error class of the service, and every failure of HTTP that a line of app/api answers with."""
    text = "".join(path.read_text() for path in Path("app/api").rglob("*.py"))
    http = {HTTP_RULES[int(status)].slug for status in RAISED.findall(text) if status} | {PARAMETERS.slug}
    assert {rule.slug for rule in HTTP_RULES.values()} | {PARAMETERS.slug} == http
    raised = {kind.rule for kind in every_error()} | http
    listed = client.get("/problems", headers={"accept": "application/json"}).json()["problems"]
    assert {found["type"] for found in listed} == {f"/problems/{slug}" for slug in raised}
    page = client.get("/problems").text
    assert set(re.findall(r'href="(/problems/[^"]+)"', page)) == {found["type"] for found in listed}
    is_problem(client.get("/problems/nosuch"), 404)


@pytest.mark.parametrize("slug", sorted(rules()))
def test_a_types_page_says_cause_mend_and_an_example(client, slug):
    known = client.get(f"/problems/{slug}", headers={"accept": "application/json"}).json()
    page = client.get(f"/problems/{slug}", headers={"accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert (known["type"], known["status"]) == (f"/problems/{slug}", rules()[slug].status)
    for part in ("title", "cause", "mend"):
        assert known[part]
        assert html.escape(known[part]) in page.text
    example = Problem.model_validate(known["example"], strict=True)
    assert (example.type, example.title, example.status) == (known["type"], known["title"], known["status"])
    assert example.detail
    assert html.escape(json.dumps(example.detail, ensure_ascii=False)) in page.text


def test_each_rule_has_words_of_its_own():
    for kind in every_error():
        same = [other for other in every_error() if other.rule == kind.rule]
        assert any({"mend", "example"} <= vars(other).keys() for other in same), kind


def test_an_unknown_path_is_a_problem(client):
    assert is_problem(client.get("/nosuch"), 404)["type"] == "/problems/no-such-path"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/runs", "GET, HEAD, OPTIONS, POST"),
        ("GET", "/predict", "OPTIONS, POST"),
        ("POST", "/models/x", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("TRACE", "/", "GET, HEAD, OPTIONS"),
        ("PATCH", "/runs/x", "DELETE, GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_names_all_that_are_allowed(client, method, path, allow):
    answer = client.request(method, path)
    assert is_problem(answer, 405)["type"] == "/problems/method-not-allowed"
    assert answer.headers["allow"] == allow


def test_options_answers_with_the_methods_of_each_route_and_of_all(client):
    paths = client.get("/openapi.json").json()["paths"]
    for path, operations in paths.items():
        answer = client.options(re.sub(r"{[^}]+}", "1", path))
        assert (answer.status_code, answer.content) == (204, b""), path
        methods = {method.upper() for method in operations} | {"OPTIONS"}
        assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == methods, path
    is_problem(client.options("/nosuch"), 404)
    host, port = client.base_url.host, client.base_url.port
    with socket.create_connection((host, port), timeout=60) as raw:
        raw.sendall(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        said = b"".join(iter(lambda: raw.recv(4096), b"")).lower()
    assert said.startswith(b"http/1.1 204")
    assert b"allow: delete, get, head, options, post, put" in said


def test_a_bad_parameter_is_named(client):
    body = is_problem(client.get("/runs", params={"limit": "many"}), 422)
    assert body["type"] == "/problems/parameters"
    assert [fault["pointer"] for fault in body["errors"]] == ["limit"]
    assert "many" in body["errors"][0]["detail"]


@pytest.mark.parametrize("content", [b"{", b"", b"\xff", b"[1,]", b"{" * 5000])
def test_malformed_json_is_400(client, content):
    answer = client.post("/runs", content=content, headers={"content-type": "application/json"})
    assert is_problem(answer, 400)["type"] == "/problems/malformed"


@pytest.mark.parametrize("content", [b"[]", b"null", b'"x"', b"3"])
def test_a_body_that_is_no_object_is_422(client, content):
    is_problem(client.post("/runs", content=content, headers={"content-type": "application/json"}), 422)


def test_json_needs_its_content_type(client):
    answer = client.post("/runs", content=b"{}", headers={"content-type": "application/x-www-form-urlencoded"})
    assert is_problem(answer, 415)["type"] == "/problems/unsupported"


def test_a_body_beyond_the_limit_is_refused_by_its_length_alone(client, parts):
    """Not a byte of the body is sent: the header is enough."""
    host, port = client.base_url.host, client.base_url.port
    with socket.create_connection((host, port), timeout=60) as raw:
        length = parts.settings.limits.json_max_bytes + 1
        raw.sendall(f"POST /runs HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert raw.recv(12) == b"HTTP/1.1 413"


def test_a_body_beyond_the_limit_is_refused_while_it_streams(client, parts):
    piece = b" " * (1 << 20)
    pieces = (piece for _ in range(parts.settings.limits.json_max_bytes // len(piece) + 2))
    answer = client.post("/runs", content=pieces, headers={"content-type": "application/json"})
    assert is_problem(answer, 413)["type"] == "/problems/too-large"


def test_the_clients_request_id_comes_back_when_it_is_sound(client):
    assert client.get("/nosuch", headers={"x-request-id": "my-id.7"}).json()["request_id"] == "my-id.7"
    for bad in ("a b", "x" * 200, '"'):
        assert len(client.get("/nosuch", headers={"x-request-id": bad}).headers["x-request-id"]) == 32


def test_what_nobody_foresaw_is_a_500_that_tells_nothing_but_is_logged(tmp_path, database_url, caplog):
    """A database whose tables are gone: every statement raises what no use case knows."""
    with opened_parts(tmp_path, database_url) as parts, served(parts) as client:
        parts.db.migrate("base")
        with caplog.at_level(logging.ERROR, "octet.http"):
            answer = client.get("/runs")
    body = is_problem(answer, 500)
    assert "SELECT" not in answer.text
    [record] = [record for record in caplog.records if record.name == "octet.http"]
    assert record.fields["request_id"] == body["request_id"]
    assert "OperationalError" in str(record.exc_info) or "ProgrammingError" in str(record.exc_info)
