"""One request's trace is found in every room: the API's lines, the worker's, and the events of its run."""

import json

import httpx
import pytest

from octet import Client
from tests.app.api import sides
from tests.support.service import Service, wait_for

pytestmark = pytest.mark.services

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HEADERS = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "x-request-id": "my-request.7"}


def whole_lines(service: Service) -> list[str]:
    """What was written so far, but for a line that is being written."""
    return service.logs.rpartition("\n")[0].splitlines()


def lines(service: Service) -> list[dict[str, object]]:
    """What the processes wrote as JSON."""
    return [json.loads(line) for line in whole_lines(service) if line.startswith("{")]


def test_one_trace_leads_from_the_request_to_the_end_of_its_run(service: Service):
    with Client(service.url) as client, httpx.Client(base_url=service.url, timeout=60, trust_env=False) as http:
        sides.upload(http, "traced")
        body = {"dataset": "traced", "target": "side", "plan": {"steps": 4, "batch": 4, "threads": 1}}
        answer = http.post("/runs", json=body, headers=HEADERS)
        run = answer.json()["id"]
        assert answer.headers["traceparent"].split("-")[1] == answer.json()["trace_id"] == TRACE
        for _ in client.watch(run, every_s=0.2):
            pass
        events = http.get(f"/runs/{run}/events").json()["events"]
    assert [event["kind"] for event in events] == ["queued", "running", "planned", "succeeded"]
    assert {(event["data"]["trace_id"], event["data"]["request_id"]) for event in events} == {(TRACE, "my-request.7")}

    def told() -> list[dict[str, object]]:
        ours = [line for line in lines(service) if line.get("trace_id") == TRACE]
        return ours if any("succeeded" in str(line["message"]) for line in ours) else []

    ours = wait_for(told, 60, "the worker's last line")
    assert {line["request_id"] for line in ours} == {"my-request.7"}
    assert {line["logger"] for line in ours} >= {"octet.http", "app.services.runs.submit", "worker.tasks"}
    worker = [line for line in ours if str(line["logger"]).startswith("worker")]
    assert {(line["run"], line["attempt"]) for line in worker} == {(run, 1)}
    assert len({line["span_id"] for line in worker}) == 1
    assert {line["run"] for line in ours if line["logger"] != "octet.http"} == {run}


def test_the_worker_says_when_an_attempt_at_a_prediction_begins_and_ends_with_its_trace(service: Service):
    trace = "5cf92f3577b34da6a3ce929d0e0e4737"
    with Client(service.url) as client, httpx.Client(base_url=service.url, timeout=60, trust_env=False) as http:
        sides.upload(http, "foretold", seed=5)
        body = {"dataset": "foretold", "target": "side", "plan": {"steps": 4, "batch": 4, "threads": 1}}
        run = client.submit(body).id
        for _ in client.watch(run, every_s=0.2):
            pass
        told = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        job = http.post("/predictions", json={"run": run, "dataset": "foretold"}, headers=told).json()["id"]
        for _ in client.predictions.watch(job):
            pass

    def told_by_worker() -> list[dict[str, object]]:
        ours = [line for line in lines(service) if line.get("prediction") == job and "attempt" in line]
        return ours if any("succeeded" in str(line["message"]) for line in ours) else []

    worker = wait_for(told_by_worker, 60, "the worker's last line")
    said = [f"prediction {job}: attempt 1 begins", f"prediction {job} succeeded"]
    assert [line["message"] for line in worker] == said
    assert {(line["trace_id"], line["attempt"], line["level"]) for line in worker} == {(trace, 1, "info")}


def test_every_line_of_the_processes_is_json_also_those_of_the_libraries(service: Service):
    plain = [line for line in whole_lines(service) if line and not line.startswith(("{", "Octet serves at"))]
    assert plain == []
    assert "uvicorn.error" in {line["logger"] for line in lines(service)}
