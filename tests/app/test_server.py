"""The HTTP server: a client that offers HTTP/2 is answered in HTTP/1.1, and an ordered end is exit code 0."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from app.parts import open_parts
from app.settings import Settings
from tests.app.api.served import api_process, served
from tests.app.api.waiting import wait_until
from tests.support.parts import opened_parts

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAA\r\n"
"""As java.net.http.HttpClient sends it with its first request to a server that it does not know."""
BODY = json.dumps({"dataset": "no-such-data", "target": "side"}).encode()
JSON = b"Content-Type: application/json\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKS = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (7, BODY[:7], len(BODY) - 7, BODY[7:])


def head(method: bytes, path: bytes, *lines: bytes) -> bytes:
    return b"%b %b HTTP/1.1\r\nHost: octet\r\n%b\r\n" % (method, path, b"".join(lines))


GET = head(b"GET", b"/health/live", OFFER)
RUNNING = re.compile(r"running on http://127\.0\.0\.1:(\d+)")
POST = head(b"POST", b"/runs", OFFER, JSON, LENGTH) + BODY


@dataclass(frozen=True)
class Line:
    """A connection; what comes is read answer by answer."""

    socket: socket.socket
    reading: BinaryIO

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.socket.sendall(piece)

    def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer."""
        status = int(self.reading.readline().split()[1])
        length = 0
        while (line := self.reading.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return status, self.reading.read(length)

    def refused_by_name(self) -> bool:
        """Whether the next answer shows that BODY was read: it names the data set that there is not."""
        status, body = self.answer()
        return status == 422 and b"no-such-data" in body


@contextmanager
def line(address: tuple[str, int]) -> Iterator[Line]:
    with socket.create_connection(address, timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection.makefile("rb") as reading:
            yield Line(connection, reading)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with opened_parts(folder, f"sqlite:///{folder}/octet.db") as parts, served(parts) as client:
        yield (client.base_url.host, client.base_url.port)


@pytest.fixture
def connected(address):
    with line(address) as connected:
        yield connected


@pytest.mark.parametrize(
    "pieces",
    [
        [POST],
        [POST[:20], POST[20:90], POST[90:]],
        [head(b"POST", b"/runs", OFFER, JSON, b"Transfer-Encoding: chunked\r\n") + CHUNKS],
    ],
    ids=["at once", "in pieces", "chunked"],
)
def test_the_body_behind_an_offer_of_http2_is_read(connected, pieces):
    connected.send(*pieces)
    assert connected.refused_by_name()
    connected.send(GET)
    assert connected.answer()[0] == 200, "the connection goes on"


def test_a_body_that_is_sent_only_when_it_is_asked_for_is_asked_for(connected):
    connected.send(head(b"POST", b"/runs", OFFER, JSON, LENGTH, b"Expect: 100-continue\r\n"))
    assert connected.answer() == (100, b"")
    connected.send(BODY)
    assert connected.refused_by_name()


def test_requests_sent_behind_one_another_are_answered_in_their_order_with_offers_and_without(connected):
    plain = head(b"POST", b"/runs", JSON, LENGTH) + BODY
    connected.send(GET + POST + plain + POST + GET)
    assert connected.answer()[0] == 200
    assert [connected.refused_by_name() for _ in range(3)] == [True] * 3
    assert connected.answer()[0] == 200


def test_a_connection_that_shall_be_closed_is_closed_behind_the_answer(connected):
    connected.send(head(b"POST", b"/runs", b"Connection: close, Upgrade\r\nUpgrade: h2c\r\n", JSON, LENGTH) + BODY)
    assert connected.refused_by_name()
    assert connected.reading.read() == b""


@pytest.mark.parametrize("offer", [b"websocket", b"h2c, websocket", b"TLS/1.0"])
def test_other_offers_are_ignored_too(connected, offer):
    connected.send(head(b"POST", b"/runs", b"Connection: Upgrade\r\nUpgrade: %b\r\n" % offer, JSON, LENGTH) + BODY)
    assert connected.refused_by_name()


def test_what_is_no_http_is_400_behind_an_offer_too(connected):
    connected.send(GET)
    assert connected.answer()[0] == 200
    connected.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert connected.answer()[0] == 400


def told(folder: Path) -> Settings:
    """Settings of an API whose tables are there, and whose broker is away."""
    settings = Settings(data_dir=folder / "data", broker_url="redis+socket:///nowhere")
    parts = open_parts(settings)
    parts.db.migrate()
    parts.close()
    return settings


@contextmanager
def octet_api(settings: Settings) -> Iterator[tuple[subprocess.Popen[bytes], tuple[str, int]]]:
    """`octet api` on a port that was free, and its address, which stands in its log."""
    command = [Path(sys.executable).with_name("octet"), "api", "--port", "0"]
    log = settings.data_dir / "api.log"
    with (
        log.open("wb") as said,
        subprocess.Popen(command, env=os.environ | settings.environment(), stderr=said) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or RUNNING.search(log.read_text()) is not None, 60)
            found = RUNNING.search(log.read_text())
            assert found, log.read_text()
            yield process, ("127.0.0.1", int(found[1]))
        finally:
            process.kill()


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("start", [octet_api, api_process], ids=["octet api", "the api of octet serve"])
def test_each_process_answers_such_a_client_and_ends_with_0_when_told_to(tmp_path, start, order):
    with start(told(tmp_path)) as (process, address):
        with line(address) as connected:
            connected.send(POST)
            assert connected.refused_by_name()
        process.send_signal(order)
        assert process.wait(60) == 0
