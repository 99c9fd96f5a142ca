"""A stop while an upload is on its way: prompt, said to the client, and nothing is left behind."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from app.main import create_app
from app.parts import open_parts
from app.settings import Settings
from tests.app.api import sides
from tests.app.api.failing import is_problem
from tests.app.api.served import served
from tests.app.api.waiting import wait_until

HEAD = (
    b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 1000000000\r\n\r\n"
    b'--x\r\nContent-Disposition: form-data; name="archive"; filename="a"\r\n\r\n'
)
UPLOAD = HEAD % (b"/datasets", b"multipart/form-data; boundary=x") + bytes(3 << 20)


def said(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    pieces = []
    try:
        while piece := connection.recv(1 << 16):
            pieces.append(piece)
    except ConnectionResetError:
        pass  # it closed on what was still being sent
    return b"".join(pieces)


def test_sigterm_ends_a_real_process_at_once_and_an_upload_with_it(tmp_path):
    settings = Settings(data_dir=tmp_path / "data", broker_url="redis+socket:///nowhere")
    parts = open_parts(settings)
    parts.db.migrate()
    parts.close()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = [sys.executable, "-m", "app.embedded.api", str(listening.fileno())]
        environment = os.environ | settings.environment()
        with subprocess.Popen(command, env=environment, pass_fds=[listening.fileno()]) as process:
            try:
                with socket.create_connection(listening.getsockname(), timeout=60) as client:
                    client.sendall(UPLOAD)
                    wait_until(lambda: any(settings.incoming_dir.glob("upload-*/*")), 60)
                    began = time.monotonic()
                    process.send_signal(signal.SIGTERM)
                    answer = said(client)
                    assert answer == b"" or (b" 503 " in answer and b"/problems/stopping" in answer)
                    assert time.monotonic() - began < 5
                process.wait(20)
            finally:
                process.kill()
    assert list(settings.incoming_dir.iterdir()) == []


@pytest.fixture
def stopping(parts):
    """A client of an application, and what tells the application to end."""
    app = create_app(parts)
    with served(parts, app) as client:
        yield client, app.state.context.stopping


def test_a_body_that_arrives_after_the_order_is_503_and_reading_goes_on(stopping):
    client, told = stopping
    told.set()
    refused = client.post("/datasets", data={"name": "late"}, files=sides.form())
    assert is_problem(refused, 503)["type"] == "/problems/stopping"
    assert refused.headers["retry-after"] == "5"
    assert client.get("/datasets").status_code == 200
