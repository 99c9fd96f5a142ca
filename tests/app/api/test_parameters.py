"""What an address may hold: numbers of the database's size, no NUL, no name that the route does not know."""

from pathlib import Path

import pytest
from sqlalchemy import event

from app.main import create_app
from tests.app.api import sides
from tests.app.api.failing import is_problem
from tests.app.api.served import served
from tests.support.parts import opened_parts

FORM = "multipart/form-data; boundary=b"
BEYOND = [2**31, 2**63, 99999999999999999999, 10**400]


@pytest.fixture(scope="module")
def run(client):
    sides.upload(client)
    return sides.submit(client)


@pytest.mark.parametrize("number", BEYOND)
@pytest.mark.parametrize(
    "path",
    [
        "/runs?after={}",
        "/runs?limit={}",
        "/datasets?after={}",
        "/runs/RUN/events?after={}",
        "/runs/RUN/metrics?after={}",
        "/runs/RUN/checkpoints/{}/weights",
        "/runs/RUN/log?attempt={}",
    ],
)
def test_a_number_beyond_the_databases_integers_is_a_problem_never_a_500(client, run, path, number):
    answer = client.get(path.replace("RUN", run).format(number))
    assert is_problem(answer, 422)["errors"]


@pytest.mark.parametrize("number", BEYOND[:3])
def test_a_step_of_a_promotion_has_the_same_limit(client, run, number):
    body = b'{"run": "%s", "checkpoint": %d}' % (run.encode(), number)
    answer = client.put("/models/a", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize(
    "path",
    ["/runs/%00", "/runs/%00/metrics", "/datasets/a%00b", "/runs?dataset=%00", "/models/%00", "/curves%00"],
)
def test_a_nul_in_an_address_is_a_malformed_request(client, path):
    assert is_problem(client.get(path), 400)["type"] == "/problems/malformed"


def test_a_nul_in_a_body_or_a_prediction_is_one_too(client, run):
    assert is_problem(client.post("/predict?run=%00", content=b"x"), 400)
    body = b'{"dataset": "a\\u0000b", "target": "side"}'
    assert is_problem(client.post("/runs", content=body, headers={"content-type": "application/json"}), 400)


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("POST", "/runs?validat=true", "did you mean validate?"),
        ("GET", "/runs?statuss=queued", "did you mean status?"),
        ("GET", "/runs/RUN?x=1", "takes no parameters"),
        ("GET", "/runs/RUN/metrics?zzz=1", "this route takes after, limit, name, split, target"),
        ("POST", "/predict?runn=RUN", "did you mean run?"),
        ("GET", "/health/live?x=", "takes no parameters"),
    ],
)
def test_a_parameter_that_the_route_does_not_take_is_refused_with_the_nearest_name(client, run, method, path, said):
    answer = client.request(method, path.replace("RUN", run), json={} if path.startswith("/runs?v") else None)
    body = is_problem(answer, 422)
    assert body["type"] == "/problems/unknown-parameter"
    assert said in body["detail"]


def test_a_cursor_beyond_the_last_event_is_refused_as_that_of_points_is(client, run):
    last = client.get(f"/runs/{run}/events").json()["next"]
    assert client.get(f"/runs/{run}/events", params={"after": last}).json() == {"events": [], "next": last}
    body = is_problem(client.get(f"/runs/{run}/events", params={"after": last + 1}), 422)
    assert body["type"] == "/problems/bad-cursor"


@pytest.mark.parametrize("path", ["/", "/health/live", "/health/ready", "/runs", "/runs/RUN", "/docs", "/runs/nosuch"])
def test_head_answers_as_get_without_the_body(client, run, path):
    got, head = client.get(path.replace("RUN", run)), client.head(path.replace("RUN", run))
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    assert "HEAD" in client.put("/runs").headers["allow"]


def test_a_body_that_http_compressed_is_refused_not_taken_for_the_file(client, run):
    for path, kind in ((f"/predict?run={run}", "text/plain"), ("/runs", "application/json"), ("/datasets", FORM)):
        headers = {"content-encoding": "gzip", "content-type": kind}
        answer = client.post(path, content=b"\x1f\x8b", headers=headers)
        assert "content-encoding" in is_problem(answer, 415)["detail"]


def test_a_database_whose_disk_is_full_is_507_and_reading_goes_on(tmp_path):
    """SQLite itself says it of a file that must not grow, as of a disk that has no page left."""
    with opened_parts(tmp_path, f"sqlite:///{tmp_path}/octet.db") as full, served(full) as client:
        sides.upload(client)
        event.listen(full.db._engine, "checkout", lambda c, *_: c.execute("PRAGMA max_page_count = 1").close())
        for answer in (client.post("/runs", json=sides.body(tags=["x" * 200] * 50)) for _ in range(50)):
            if answer.status_code != 202:
                break
        assert is_problem(answer, 507)["type"] == "/problems/disk-full"
        assert client.get("/runs").status_code == 200


def test_a_full_disk_is_said_in_words(parts):
    """/dev/full refuses every byte as a full disk does."""
    app = create_app(parts)
    app.add_api_route("/full", lambda: Path("/dev/full").write_bytes(b"x"))
    with served(parts, app) as client:
        body = is_problem(client.get("/full"), 507)
    assert body["type"] == "/problems/disk-full"
    assert "make room" in body["detail"]
