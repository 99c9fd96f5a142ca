"""Under load serving refuses early with the time to come back, forgets clients that leave, and keeps memory flat."""

import dataclasses
import socket
import threading
import tracemalloc

import httpx
import pytest

from app.main import create_app
from app.settings import LimitSettings, ServingSettings
from tests.app.api import sides
from tests.app.api.failing import is_problem
from tests.app.api.served import served
from tests.app.api.waiting import wait_until
from tests.app.serving.byte_counter import ByteCounter

MIB = 1 << 20


@pytest.fixture(scope="module")
def app(parts):
    """A queue of one, and predictions of at most 64 MiB."""
    settings = parts.settings.model_copy(
        update={"serving": ServingSettings(predict_queue=1), "limits": LimitSettings(predict_max_bytes=64 * MIB)}
    )
    return create_app(dataclasses.replace(parts, settings=settings))


@pytest.fixture(scope="module")
def run(client, run):
    """One whose model is loaded."""
    assert client.post("/predict", content=b"warm").status_code == 200
    return run


@pytest.fixture
def engine(app, run):
    """The application's engine, busy until the test sets `held.free`."""
    engine = app.state.context.serving._engine
    engine.held = ByteCounter()
    engine.held.free.clear()
    engine.submit(engine.held, [b"x"])
    assert engine.held.entered.wait(60)
    yield engine
    engine.held.free.set()
    wait_until(lambda: engine.waiting() == (0, 0))


def test_a_full_queue_is_503_with_the_measured_time_to_come_back(client, engine):
    answers = []
    waiting = threading.Thread(
        target=lambda: answers.append(httpx.post(client.base_url.join("/predict"), content=b"x", timeout=60))
    )
    waiting.start()
    wait_until(lambda: engine.waiting() == (1, 1))
    refused = client.post("/predict", content=bytes(MIB))
    assert is_problem(refused, 503)["type"] == "/problems/queue-full"
    assert int(refused.headers["retry-after"]) >= 1
    assert client.get("/health/live").status_code == 200
    assert "octet_serving_waiting_requests 1.0" in client.get("/metrics").text
    engine.held.free.set()
    waiting.join(60)
    assert [answer.status_code for answer in answers] == [200]


def test_a_client_that_leaves_frees_its_place(client, engine):
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=60) as raw:
        raw.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
        wait_until(lambda: engine.waiting() == (1, 1))
    wait_until(lambda: engine.waiting() == (0, 0))


def test_a_prediction_beyond_the_limit_is_refused_before_it_is_read(client, run):
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=60) as raw:
        raw.sendall(f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {65 * MIB}\r\n\r\n".encode())
        assert raw.recv(12) == b"HTTP/1.1 413"


def test_a_prediction_beyond_the_limit_is_refused_while_it_streams(client, run):
    is_problem(client.post("/predict", content=(bytes(MIB) for _ in range(65))), 413)


@pytest.mark.parametrize("multipart", [False, True])
def test_memory_stays_flat_however_long_the_file(client, run, multipart):
    piece = bytes(MIB)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' if multipart else b""
    tail = b"\r\n--x--\r\n" if multipart else b""

    def body():
        yield head
        for _ in range(60):
            yield piece
        yield tail

    kind = "multipart/form-data; boundary=x" if multipart else "application/octet-stream"
    tracemalloc.start()
    try:
        answer = client.post("/predict", content=body(), headers={"content-type": kind})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    found = answer.json()["predictions"][0] if multipart else answer.json()
    assert found["bytes"] == 60 * MIB
    assert peak < 32 * MIB  # of a long file at most 4 MiB are read, and held once


def test_stopping_ends_an_open_stream(parts, run):
    """A client that watches a queued run must not keep the service from going down."""
    with served(parts) as client:
        queued = sides.submit(client)
        lines: list[str] = []

        def watch() -> None:
            try:
                with httpx.stream(
                    "GET",
                    client.base_url.join(f"/runs/{queued}/metrics"),
                    headers={"accept": "text/event-stream"},
                    timeout=60,
                ) as answer:
                    lines.append(str(answer.status_code))
                    lines.extend(answer.iter_lines())
            except httpx.HTTPError:
                lines.append("broken off")

        watcher = threading.Thread(target=watch)
        watcher.start()
        wait_until(lambda: lines[:1] == ["200"])
    watcher.join(60)
    assert not watcher.is_alive()


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/json", "multipart/form-data; boundary=x"])
def test_a_client_that_goes_away_in_mid_body_is_counted_and_leaves_nothing(app, client, run, kind):
    engine, gone = app.state.context.serving._engine, 'route="/predict",status="499"'

    def count() -> float:
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if gone in line and "_total" in line)

    before = count()
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=60) as raw:
        raw.sendall(
            f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: 999\r\n\r\n--x".encode()
        )
    wait_until(lambda: count() == before + 1)
    assert engine.waiting() == (0, 0)
    assert client.post("/predict", content=b"x").status_code == 200


def test_one_file_more_than_the_limit_is_413_in_every_form(client, run, parts):
    most = parts.settings.limits.max_items
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nb\r\n'
    forms = {
        "multipart/form-data; boundary=x": part * (most + 1) + b"--x--\r\n",
        "application/json": b"[" + b'{"input":"eA=="},' * most + b'{"input":"eA=="}]',
    }
    for kind, body in forms.items():
        refused = is_problem(client.post("/predict", content=body, headers={"content-type": kind}), 413)
        assert f"{most}" in refused["detail"]
