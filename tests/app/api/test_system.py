"""The service about itself: health, Prometheus, OpenAPI with every shape, the config's schema."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.settings import LimitSettings
from app.upkeep import Upkeep
from tests.app.api import sides
from tests.app.api.failing import is_problem
from tests.app.api.served import served
from tests.app.api.waiting import wait_until
from tests.support.parts import opened_parts


def samples(client) -> dict[tuple[str, tuple[str, ...]], float]:
    """(sample name, label values) to value."""
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def accepts(address: Path) -> bool:
    """Whether somebody listens there: the file of a socket is there before."""
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(str(address)) == 0


def test_the_index_leads_everywhere(client):
    index = client.get("/").json()
    for name, link in index["links"].items():
        if name != "predict":
            assert client.get(link).status_code == 200, link


def test_live_and_ready(client):
    assert client.get("/health/live").json() == {"status": "live"}
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert set(ready.json()["checks"]) == {"database", "tables", "broker", "disk"}


@pytest.mark.parametrize(("share", "state"), [(0.6, "low"), (1.5, "full")])
def test_a_disk_is_announced_before_it_is_full_and_keeps_nobody_away(parts, share, state, caplog):
    free = shutil.disk_usage(parts.settings.data_dir).free
    limits = LimitSettings(disk_reserve_bytes=int(free * share))
    tight = replace(parts, settings=parts.settings.model_copy(update={"limits": limits}))
    with served(tight) as client:
        ready = client.get("/health/ready")
        assert ready.status_code == 200
        assert ready.json()["checks"]["disk"] == state
        [warning] = ready.json()["warnings"]
        assert "OCTET_DATA_DIR" in warning
        assert "make room" in warning
        found = samples(client)
        assert found["octet_disk_free_bytes", ("data",)] > 0
        assert found["octet_disk_reserve_bytes", ()] == limits.disk_reserve_bytes
    upkeep = Upkeep(tight, threading.Event())
    caplog.clear()
    upkeep.look_at_disks()
    upkeep.look_at_disks()
    [said] = [record for record in caplog.records if record.name == "app.upkeep"]
    assert said.levelname == "WARNING"
    assert said.fields["state"] == state


def test_a_storage_that_is_away_is_not_ready(parts, tmp_path):
    away = replace(parts, settings=parts.settings.model_copy(update={"storage_dir": tmp_path / "unmounted"}))
    with served(away) as client:
        assert [f["pointer"] for f in is_problem(client.get("/health/ready"), 503)["errors"]] == ["disk"]
        assert samples(client)["octet_up", ("disk",)] == 0


def test_a_disk_with_room_is_not_spoken_of(parts, client, caplog):
    Upkeep(parts, threading.Event()).look_at_disks()
    assert client.get("/health/ready").json()["warnings"] == []
    assert [record for record in caplog.records if record.name == "app.upkeep"] == []


def test_not_ready_names_the_part_and_says_when_to_come_back(tmp_path, database_url):
    with opened_parts(tmp_path, database_url) as parts, served(parts) as client:
        parts.broker.away = True
        answer = client.get("/health/ready")
        assert [fault["pointer"] for fault in is_problem(answer, 503)["errors"]] == ["broker"]
        assert answer.headers["retry-after"] == "1"
        parts.broker.away = False
        parts.db.migrate("base")
        [fault] = is_problem(client.get("/health/ready"), 503)["errors"]
        assert fault["pointer"] == "tables"
        assert "octet migrate" in fault["detail"]
        assert client.get("/health/live").status_code == 200
        found = samples(client)
        assert (found["octet_up", ("database",)], found["octet_up", ("broker",)]) == (0, 1)
        assert ("octet_serving_models", ()) in found


def test_prometheus_counts_by_route_template_never_by_path(client):
    client.get("/runs/some-id")
    client.get("/no/such/path")
    client.post("/predict", params={"run": "nosuch"}, content=b"x")
    found = samples(client)
    assert found["octet_http_requests_total", ("GET", "/runs/{run_id}", "404")] >= 1
    assert found["octet_http_requests_total", ("GET", "(none)", "404")] >= 1
    assert found["octet_http_requests_total", ("POST", "/predict", "404")] >= 1
    assert found["octet_http_request_seconds_count", ("GET", "/runs/{run_id}")] >= 1
    assert found["octet_runs", ("queued",)] == 0
    assert found["octet_queue_messages", ("predictions",)] == 0
    assert found["octet_serving_waiting_files", ()] == 0


def test_two_applications_do_not_share_counters(client, tmp_path, database_url):
    client.get("/runs")
    with opened_parts(tmp_path, database_url) as parts, served(parts) as other:
        assert ("octet_http_requests_total", ("GET", "/runs", "200")) not in samples(other)


def test_openapi_hides_what_is_not_built(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert not {"/explain", "/v2"} & set(paths)


def test_the_config_schema_has_both_forms(client):
    assert "dataset" in client.get("/config/schema").text


def test_docs_need_nothing_but_this_service(client):
    page = client.get("/docs").text
    parts = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(parts) >= 3
    for part in parts:
        assert part.startswith("/"), part
        assert client.get(part).status_code == 200, part


FROM_ENVIRONMENT = """
import asyncio, httpx
from app.main import app_from_environment

async def main():
    app = app_from_environment()
    async with app.router.lifespan_context(app):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://octet") as client:
            ready = await client.get("/health/ready")
            print((await client.get("/runs")).status_code, [fault["pointer"] for fault in ready.json()["errors"]])

asyncio.run(main())
"""


def migrated(settings: dict[str, str]) -> dict[str, str]:
    """The environment with these settings, after `octet migrate` in it."""
    environment = {**os.environ, **settings}
    octet = Path(sys.executable).with_name("octet")
    subprocess.run([octet, "migrate"], timeout=120, check=True, env=environment, stdout=subprocess.DEVNULL)
    return environment


def test_the_environment_is_enough_to_make_the_application(tmp_path, database_url):
    """Its tables are made when asked for, and a broker that is away keeps it from being ready, not from answering."""
    settings = {
        "OCTET_DATA_DIR": str(tmp_path / "data"),
        "OCTET_DATABASE_URL": database_url,
        "OCTET_BROKER_URL": f"redis+socket://{tmp_path}/nobody.sock",
    }
    environment = migrated(settings)
    code = [sys.executable, "-c", FROM_ENVIRONMENT]
    done = subprocess.run(code, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert done.stdout.strip() == "200 ['broker']", done.stderr
    assert all(json.loads(line) for line in done.stderr.splitlines())


def test_an_open_stream_of_events_does_not_keep_the_server_from_ending(tmp_path, database_url):
    """Without a time limit of the server's own: uvicorn waits for open responses for ever. Its lines are JSON, too."""
    address, log = tmp_path / "api.sock", tmp_path / "log"
    settings = {
        "OCTET_DATA_DIR": str(tmp_path / "data"),
        "OCTET_DATABASE_URL": database_url,
        "OCTET_BROKER_URL": f"redis+socket://{tmp_path}/nobody.sock",
    }
    command = [sys.executable, "-m", "uvicorn", "app.main:app_from_environment", "--factory", "--uds", str(address)]
    with (
        log.open("wb") as said,
        subprocess.Popen(command, env=migrated(settings), stdout=said, stderr=said) as server,
        httpx.Client(transport=httpx.HTTPTransport(uds=str(address)), base_url="http://octet", timeout=120) as client,
    ):
        try:
            wait_until(lambda: accepts(address), 60)
            sides.upload(client)
            run = sides.submit(client)
            with client.stream("GET", f"/runs/{run}/metrics", headers={"accept": "text/event-stream"}) as answer:
                assert answer.status_code == 200
                server.terminate()
                assert list(answer.iter_lines()) == []
            assert server.wait(120) in {0, -signal.SIGTERM}
        finally:
            server.kill()
    loggers = {json.loads(line)["logger"] for line in log.read_text().splitlines()}
    assert loggers >= {"uvicorn.error", "octet.http"}
