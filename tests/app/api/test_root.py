"""Behind a proxy with a path prefix: every address in an answer is one that the client can ask for."""

import dataclasses
import json
import re

import pytest

from app.main import create_app
from app.settings import HttpSettings
from octet import Client
from tests.app.api import sides
from tests.app.api.failing import is_problem
from tests.app.api.served import served


class Stripping:
    """A proxy that serves the application below a prefix and takes it off; what lies beside it is not ours."""

    def __init__(self, app, prefix: str) -> None:
        self.app, self.prefix = app, prefix

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http" and scope["path"] != "/health/live":
            assert scope["path"].startswith(self.prefix + "/"), scope["path"]
            path = scope["path"][len(self.prefix) :]
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self.app(scope, receive, send)


@pytest.fixture(scope="module", params=["stripping", "passing"])
def behind(parts, request):
    """A client that reaches the service below /tools/octet only."""
    http = HttpSettings(root_path="/tools/octet/")
    app = create_app(dataclasses.replace(parts, settings=parts.settings.model_copy(update={"http": http})))
    proxy = Stripping(app, "/tools/octet") if request.param == "stripping" else app
    with served(parts, proxy) as client:
        yield client


def addresses(value) -> set[str]:
    """Every path in the links of an answer."""
    if isinstance(value, dict):
        own = set(value.get("links", {}).values()) if isinstance(value.get("links"), dict) else set()
        return own.union(*(addresses(part) for part in value.values()))
    return set().union(*(addresses(part) for part in value)) if isinstance(value, list) else set()


def test_links_locations_types_and_the_docs_begin_with_the_prefix(behind):
    index = behind.get("/tools/octet/").json()
    found = addresses(index)
    made = behind.post("/tools/octet/datasets", data={"name": "prefixed"}, files=sides.form(seed=7))
    assert made.status_code in {200, 201}
    run = behind.post("/tools/octet/runs", json=sides.body("prefixed"))
    for answer in (made, run):
        found |= addresses(answer.json()) | {answer.headers["location"]}
    for path in ("runs", "datasets"):
        found |= addresses(behind.get(f"/tools/octet/{path}").json())
    assert len(found) > 15
    for path in found:
        assert path.startswith("/tools/octet/"), path
        if not path.endswith(("/pause", "/resume", "/cancel", "/log", "/predict")) and "/predict?" not in path:
            assert behind.get(path).status_code == 200, path
    assert behind.post(f"/tools/octet/runs/{run.json()['id']}/cancel").headers["location"] == run.headers["location"]


def test_a_problem_type_and_its_instance_are_where_they_say(behind):
    body = is_problem(behind.get("/tools/octet/runs/nosuch"), 404)
    assert (body["type"], body["instance"]) == ("/tools/octet/problems/unknown-run", "/tools/octet/runs/nosuch")
    assert "unknown-run" in behind.get(body["type"]).text
    for path in re.findall(r'href="([^"]+)"', behind.get("/tools/octet/problems").text):
        assert behind.get(path).status_code == 200, path
    missing = is_problem(behind.delete("/tools/octet/runs"), 405)
    assert missing["instance"] == "/tools/octet/runs"
    assert behind.options("/tools/octet/runs").headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_the_docs_and_the_document_work_below_the_prefix(behind):
    page = behind.get("/tools/octet/docs").text
    parts = re.findall(r'(?:src|href)="([^"]+)"', page) + re.findall(r"url: '([^']+)'", page)
    assert "/tools/octet/openapi.json" in parts
    for part in parts:
        assert part.startswith("/tools/octet/"), part
        assert behind.get(part).status_code == 200, part
    document = behind.get("/tools/octet/openapi.json").json()
    assert document["servers"] == [{"url": "/tools/octet"}]
    assert not [path for path in document["paths"] if path.startswith("/tools")]


def test_the_client_takes_the_prefix_into_its_url(behind):
    with Client(f"{behind.base_url}/tools/octet/") as octet:
        assert octet.ready()
        assert [found.name for found in octet.datasets()]


def test_headers_that_anybody_can_send_change_no_address(client):
    forged = {"x-forwarded-prefix": "/evil", "x-forwarded-host": "evil.example", "x-forwarded-proto": "ftp"}
    answer = client.get("/", headers={**forged, "host": "evil.example"})
    assert "evil" not in answer.text
    assert json.dumps(client.get("/").json()) == json.dumps(answer.json())
    assert is_problem(client.get("/nosuch", headers=forged), 404)["type"] == "/problems/no-such-path"


@pytest.mark.parametrize("path", ["octet", "/a b", "/a?b", "//evil.example"])
def test_a_prefix_that_is_none_is_refused(path):
    with pytest.raises(ValueError, match="root_path"):
        HttpSettings(root_path=path)
