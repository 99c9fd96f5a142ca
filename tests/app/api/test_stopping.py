"""A stop, or a disk without room, while an upload is on its way: said to the client, and nothing is left behind."""

import dataclasses
import errno
import signal
import socket
import time

import pytest

from app.main import create_app
from app.parts import open_parts
from app.services.datasets.create import create_dataset
from app.settings import LimitSettings, Settings
from tests.app.api import sides
from tests.app.api.failing import is_problem
from tests.app.api.served import api_process, served
from tests.app.api.waiting import wait_until
from tests.support.uploads import an_upload

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
    with api_process(settings) as (process, address):
        with socket.create_connection(address, timeout=60) as client:
            client.sendall(UPLOAD)
            wait_until(lambda: any(settings.incoming_dir.glob("upload-*/*")), 60)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            answer = said(client)
            assert answer == b"" or (b" 503 " in answer and b"/problems/stopping" in answer)
            assert time.monotonic() - began < 9  # the server itself would cut it off at 10
        process.wait(60)
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


@pytest.mark.parametrize("declared", [True, False])
def test_an_upload_ends_before_the_disk_is_full(parts, declared):
    """By the length that is declared, before a byte is read, or else at the first byte that would go to disk."""
    settings = parts.settings.model_copy(update={"limits": LimitSettings(disk_reserve_bytes=1 << 60)})
    body = b'--x\r\nContent-Disposition: form-data; name="archive"; filename="a"\r\n\r\n' + bytes(9 << 20)
    headers = {"content-type": "multipart/form-data; boundary=x"}
    with served(dataclasses.replace(parts, settings=settings)) as client:
        refused = client.post("/datasets", content=body if declared else iter([body]), headers=headers)
    assert is_problem(refused, 507)["type"] == "/problems/disk-full"
    assert list(parts.settings.incoming_dir.iterdir()) == []


def test_what_an_archive_unpacks_to_does_not_fill_the_disk_either(parts, tmp_path):
    settings = parts.settings.model_copy(update={"limits": LimitSettings(disk_reserve_bytes=1 << 60)})
    with pytest.raises(OSError, match="less than the reserve") as refused:
        create_dataset(dataclasses.replace(parts, settings=settings), an_upload(tmp_path / "up"))
    assert refused.value.errno == errno.ENOSPC
    assert list(parts.settings.incoming_dir.iterdir()) == []
