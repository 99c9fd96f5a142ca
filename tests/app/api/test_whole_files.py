"""A model that wants whole files gets every byte, however long the body; memory stays flat and others are answered."""

import base64
import dataclasses
import socket
import threading
import tracemalloc

import httpx
import numpy as np
import pytest

from app.api.spool import IN_MEMORY_BYTES
from app.main import create_app
from app.settings import LimitSettings
from models.nn.network import Unlike
from octet import Client, UnlikeTraining
from tests.app.api.failing import is_problem
from tests.app.api.served import served
from tests.app.api.waiting import wait_until
from tests.app.serving.byte_counter import ByteCounter, Said, Share

MIB = 1 << 20


class WholeCounter(ByteCounter):
    """The share of high bytes in all of a file, from a view on it."""

    def __init__(self) -> None:
        super().__init__(whole=True)

    def predict(self, files):
        self.entered.set()
        assert self.free.wait(60)
        views = [np.frombuffer(file, np.uint8) for file in files]
        shares = [self.high(view) / len(view) for view in views]
        return [Said({"high": Share(s)}, len(v), Unlike(s, s > 0.99)) for s, v in zip(shares, views, strict=True)]

    @staticmethod
    def high(view) -> int:
        return sum(int(np.count_nonzero(view[at : at + MIB] > 127)) for at in range(0, len(view), MIB))


@pytest.fixture(scope="module")
def model():
    return WholeCounter()


@pytest.fixture(scope="module")
def app(parts, model):
    """Every checkpoint is loaded as the one counting model."""
    app = create_app(parts)
    app.state.context.serving._cache._load = lambda path: model
    return app


def high(answer) -> float:
    return answer["outputs"]["output"]["high"]["value"]


@pytest.mark.parametrize("half", [1, IN_MEMORY_BYTES // 2, IN_MEMORY_BYTES // 2 + 1, 3 * IN_MEMORY_BYTES])
def test_the_last_byte_decides_as_much_as_the_first(client, run, half):
    answer = client.post("/predict", content=bytes(half) + b"\xff" * half).json()
    assert (answer["bytes"], answer["read"], high(answer)) == (2 * half, 2 * half, 0.5)


def test_files_of_a_form_are_kept_apart_on_the_disk(client, run):
    files = [b"\xff" * 9, bytes(MIB) + b"\xff" * MIB, b"\xff" * 3 * MIB, b"\0"]
    form = [("file", (str(at), file)) for at, file in enumerate(files)]
    found = client.post("/predict", files=form).json()["predictions"]
    assert [(one["bytes"], high(one)) for one in found] == [
        (len(f), float(np.mean(np.frombuffer(f, np.uint8) > 127))) for f in files
    ]


def test_eirs_form_is_whole_too(client, run):
    item = {"input": base64.b64encode(bytes(2 * MIB) + b"\xff" * 2 * MIB).decode()}
    assert client.post("/predict", json=[item]).json()["result"][0]["output"]["high"] == {"high": 0.5}


def test_how_unlike_the_training_files_a_file_is_stands_beside_what_was_read(client, run):
    like, unlike = ({"score": 0.5, "flag": False}, {"score": 1.0, "flag": True})
    assert client.post("/predict", content=b"\0\xff").json()["unlike_training"] == like
    form = client.post("/predict", files=[("file", ("a", b"\xff")), ("file", ("b", b"\0\xff"))]).json()["predictions"]
    assert [one["unlike_training"] for one in form] == [unlike, like]
    eir = client.post("/predict", json=[{"input": "eA=="}]).json()["result"]
    assert eir == [{"output": {"high": {"high": 0.0}}}]
    with Client(str(client.base_url)) as octet:
        assert octet.predict(b"\xff").unlike_training == UnlikeTraining(**unlike)


def test_memory_stays_flat_and_no_file_is_left(client, parts, run):
    piece = bytes(MIB)
    tracemalloc.start()
    try:
        answer = client.post("/predict", content=(piece for _ in range(60))).json()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer["bytes"], answer["read"], high(answer)) == (60 * MIB, 60 * MIB, 0)
    assert peak < 10 * MIB
    assert list(parts.settings.incoming_dir.iterdir()) == []


def test_others_are_answered_while_a_long_body_arrives_and_a_client_that_leaves_is_forgotten(client, app, run):
    engine = app.state.context.serving._engine
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=60) as raw:
        raw.sendall(f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {64 * MIB}\r\n\r\n".encode())
        for _ in range(8):
            raw.sendall(bytes(MIB))
            assert high(client.post("/predict", content=b"\xff").json()) == 1
    wait_until(lambda: engine.waiting() == (0, 0))
    assert high(client.post("/predict", content=b"\0").json()) == 0


def test_a_client_that_leaves_before_the_answer_leaves_the_queue(client, app, model, run):
    engine = app.state.context.serving._engine
    model.entered.clear()
    model.free.clear()
    first = threading.Thread(target=lambda: httpx.post(client.base_url.join("/predict"), content=b"x", timeout=60))
    first.start()
    assert model.entered.wait(60)
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=60) as raw:
        raw.sendall(f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {4 * MIB}\r\n\r\n".encode() + bytes(4 * MIB))
        wait_until(lambda: engine.waiting() == (1, 1))
    wait_until(lambda: engine.waiting() == (0, 0))
    model.free.set()
    first.join(60)


def test_a_full_disk_is_507_and_short_bodies_go_on(parts, run):
    settings = parts.settings.model_copy(update={"limits": LimitSettings(disk_reserve_bytes=1 << 60)})
    app = create_app(dataclasses.replace(parts, settings=settings))
    app.state.context.serving._cache._load = lambda path: WholeCounter()
    with served(parts, app) as client:
        refused = client.post("/predict", content=bytes(IN_MEMORY_BYTES + 1))
        assert is_problem(refused, 507)["type"] == "/problems/disk-full"
        form = client.post("/predict", files=[("file", ("a", bytes(IN_MEMORY_BYTES + 1)))])
        assert is_problem(form, 507)["type"] == "/problems/disk-full"
        assert client.post("/predict", content=b"x").status_code == 200
