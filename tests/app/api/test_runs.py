"""Runs over HTTP: submitted once, listed, polled cheaply, cancelled, and what they leave behind can be fetched."""

import base64
import hashlib

import pytest
from safetensors import safe_open

from app.services.runs.lease import hand_back
from tests.app.api import sides
from tests.app.api.driver import lease_of
from tests.app.api.failing import is_problem


@pytest.fixture(scope="module")
def run(parts, run):
    """A run that succeeded, and has a log."""
    (parts.settings.data_dir / "log.txt").write_text("step 1\nstep 2\n")
    parts.storage.put(f"runs/{run}/log-1.txt", parts.settings.data_dir / "log.txt")
    return run


@pytest.fixture
def queued(client, dataset):
    run = sides.submit(client)
    yield run
    client.post(f"/runs/{run}/cancel")


def test_a_submitted_run_is_202_with_its_place_and_links(client, parts, dataset):
    answer = client.post("/runs", json=sides.body(tags=["a"]))
    run = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/runs/{run['id']}"
    assert (run["status"], run["tags"], run["attempt"], run["error"]) == ("queued", ["a"], 0, None)
    assert run["progress"]["steps"] is None
    assert {"self", "metrics", "pause", "resume", "cancel", "predict"} <= set(run["links"])
    assert run["id"] in parts.broker.messages
    for path in (run["links"]["self"], run["links"]["metrics"], run["links"]["events"]):
        assert client.get(path).status_code == 200
    client.post(f"/runs/{run['id']}/cancel")


def test_validate_checks_estimates_and_queues_nothing(client, dataset):
    before = client.get("/runs").json()["runs"]
    answer = client.post("/runs", params={"validate": "true"}, json=sides.body())
    assert answer.status_code == 200, answer.text
    assert answer.json()["estimate"]["parameters"] > 0
    assert client.get("/runs").json()["runs"] == before
    is_problem(client.post("/runs", params={"validate": "true"}, json=sides.body(colour=1)), 422)


def test_the_same_idempotency_key_makes_one_run(client, dataset):
    key = {"idempotency-key": "once"}
    first, again = (client.post("/runs", json=sides.body(), headers=key) for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert (first.status_code, again.status_code) == (202, 202)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    other = client.post("/runs", json=sides.body(tags=["other"]), headers=key)
    assert is_problem(other, 422)["type"] == "/problems/idempotency-key"
    client.post(f"/runs/{first.json()['id']}/cancel")


def test_every_fault_of_a_config_is_named_with_its_pointer(client, dataset):
    wrong = {"dataset": "sides", "target": "side", "colour": 1, "max_runtime_s": -1}
    faults = is_problem(client.post("/runs", json=wrong), 422)["errors"]
    assert {"/colour", "/max_runtime_s"} <= {fault["pointer"] for fault in faults}
    nowhere = is_problem(client.post("/runs", json={"dataset": "nosuch", "target": "side"}), 422)
    assert [fault["pointer"] for fault in nowhere["errors"]] == ["/dataset"]
    is_problem(client.post("/runs", json={}), 422)


def test_a_run_that_ended_tells_its_whole_story(client, run):
    answer = client.get(f"/runs/{run}").json()
    assert answer["status"] == "succeeded"
    assert answer["progress"]["step"] == answer["progress"]["steps"] == 12
    assert answer["best"]["metrics"]
    assert answer["config"]["globals"]["basic_experiment"]
    assert answer["plan"]["batch_size"] == 8
    [attempt] = client.get(f"/runs/{run}/attempts").json()["attempts"]
    assert (attempt["attempt"], attempt["worker"], attempt["reason"]) == (1, "tester", "finished")
    events = client.get(f"/runs/{run}/events").json()
    assert [event["kind"] for event in events["events"]][:2] == ["queued", "running"]
    assert events["events"][-1]["kind"] == "succeeded"
    assert client.get(f"/runs/{run}/events", params={"after": events["next"]}).json() == {
        "events": [],
        "next": events["next"],
    }


def test_attempts_are_paged(client, parts, dataset):
    run = sides.submit(client)
    for _ in range(3):
        hand_back(parts, lease_of(parts, run), "handed_back")
    first = client.get(f"/runs/{run}/attempts", params={"limit": 2}).json()
    assert ([one["attempt"] for one in first["attempts"]], first["next"]) == ([1, 2], 2)
    rest = client.get(f"/runs/{run}/attempts", params={"limit": 2, "after": 2}).json()
    assert ([one["attempt"] for one in rest["attempts"]], rest["next"]) == ([3], None)
    client.post(f"/runs/{run}/cancel")


def test_polling_an_unchanged_run_is_304(client, parts, queued):
    first = client.get(f"/runs/{queued}")
    same = client.get(f"/runs/{queued}", headers={"if-none-match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == first.headers["etag"]
    client.post(f"/runs/{queued}/cancel")
    changed = client.get(f"/runs/{queued}", headers={"if-none-match": first.headers["etag"]})
    assert (changed.status_code, changed.json()["status"]) == (200, "cancelled")


def test_lists_are_paged_newest_first_and_filtered(client, run, queued):
    newest = client.get("/runs", params={"limit": 1}).json()
    assert [found["id"] for found in newest["runs"]] == [queued]
    assert "config" not in newest["runs"][0]
    seen, after = [], newest["next"]
    while after is not None:
        page = client.get("/runs", params={"after": after, "limit": 2}).json()
        seen += [found["id"] for found in page["runs"]]
        after = page["next"]
    assert run in seen
    assert queued not in seen
    assert [found["id"] for found in client.get("/runs", params={"status": "succeeded"}).json()["runs"]] == [run]
    assert client.get("/runs", params={"name": "nobody"}).json() == {"runs": [], "next": None}
    is_problem(client.get("/runs", params={"status": "sleeping"}), 422)


def test_cancel_is_at_once_while_queued_and_a_wish_while_running(client, parts, dataset):
    run = sides.submit(client)
    answer = client.post(f"/runs/{run}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    assert client.post(f"/runs/{run}/cancel").status_code == 202
    running = sides.submit(client)
    lease_of(parts, running)
    assert client.post(f"/runs/{running}/cancel").json()["status"] == "cancelling"


def test_an_ended_run_cannot_be_cancelled(client, run):
    assert is_problem(client.post(f"/runs/{run}/cancel"), 409)["type"] == "/problems/run-state"


def test_weights_are_the_bytes_of_their_digest(client, run, tmp_path):
    found = client.get(f"/runs/{run}/checkpoints").json()["checkpoints"]
    assert {row["kind"] for row in found} == {"best", "resume"}
    for row in found:
        answer = client.get(row["links"]["weights"])
        digest = hashlib.sha256(answer.content).digest()
        assert digest.hex() == row["digest"]
        assert answer.headers["etag"] == f'"{row["digest"]}"'
        assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
        assert len(answer.content) == row["size_bytes"]
    (tmp_path / "w.safetensors").write_bytes(answer.content)
    with safe_open(tmp_path / "w.safetensors", "numpy") as tensors:
        assert list(tensors.keys())


def test_weights_answer_conditions_and_ranges(client, run):
    best = client.get(f"/runs/{run}").json()["best"]
    path = f"/runs/{run}/checkpoints/{best['step']}/weights"
    whole = client.get(path)
    assert whole.headers["etag"] == f'"{best["digest"]}"'
    assert client.get(path, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    part = client.get(path, headers={"range": "bytes=8-15"})
    assert (part.status_code, part.content) == (206, whole.content[8:16])


def test_missing_weights_say_what_there_is(client, run):
    assert is_problem(client.get(f"/runs/{run}/checkpoints/999/weights"), 404)["type"] == "/problems/unknown-checkpoint"
    is_problem(client.get(f"/runs/{run}/checkpoints/x/weights"), 422)
    is_problem(client.get(f"/runs/{run}/checkpoints/1/weights", params={"kind": "good"}), 422)


def test_the_log_of_an_attempt_is_text(client, run, queued):
    answer = client.get(f"/runs/{run}/log", params={"attempt": 1})
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == "step 1\nstep 2\n"
    part = client.get(f"/runs/{run}/log", params={"attempt": 1}, headers={"range": "bytes=7-"})
    assert (part.status_code, part.text) == (206, "step 2\n")
    assert is_problem(client.get(f"/runs/{run}/log", params={"attempt": 2}), 404)["type"] == "/problems/no-log"
    is_problem(client.get(f"/runs/{queued}/log"), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/cancel"),
        ("GET", "/attempts"),
        ("GET", "/events"),
        ("GET", "/checkpoints"),
        ("GET", "/checkpoints/1/weights"),
        ("GET", "/log"),
        ("GET", "/metrics"),
        ("GET", "/curves/loss.svg"),
    ],
)
def test_an_unknown_run_is_404_everywhere(client, method, path):
    body = is_problem(client.request(method, f"/runs/nosuch{path}"), 404)
    assert body["type"] == "/problems/unknown-run"
    assert body["instance"] == f"/runs/nosuch{path}"
