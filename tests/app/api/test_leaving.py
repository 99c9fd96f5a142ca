"""A process of the API leaves without a failed request: told to end, and when a successor has taken its place."""

import http.client
import json
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen

from app.parts import open_parts
from app.settings import HttpSettings, Settings
from tests.app.api.served import api_process
from tests.app.api.waiting import wait_until

DRAIN_S = 8.0
Connect = Callable[[], http.client.HTTPConnection]


@contextmanager
def an_api(folder: Path, drain_s: float = 0.0) -> Iterator[tuple[Popen[bytes], Connect]]:
    http_settings = HttpSettings(drain_s=drain_s)
    settings = Settings(data_dir=folder / "data", broker_url="redis+socket:///nowhere", http=http_settings)
    parts = open_parts(settings)
    parts.db.migrate()
    parts.close()
    with api_process(settings) as (process, address), ExitStack() as opened:

        def connect() -> http.client.HTTPConnection:
            connection = http.client.HTTPConnection(*address, timeout=60)
            connection.connect()
            opened.callback(connection.close)
            return connection

        assert ask(connect(), "/health/live")[0] == 200
        yield process, connect


def ask(connection: http.client.HTTPConnection, path: str) -> tuple[int, bool, bytes]:
    """Status, whether the server closes the connection behind the answer, and the body."""
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.getheader("connection") == "close", answer.read()


def not_ready(connect: Connect) -> str:
    status, _, body = ask(connect(), "/health/ready")
    assert status == 503
    return str(json.loads(body)["detail"])


def test_from_the_order_to_end_on_it_is_not_ready_and_goes_on_to_serve_until_its_drain_is_over(tmp_path):
    with an_api(tmp_path, DRAIN_S) as (process, connect):
        idle, asking = connect(), connect()
        assert ask(asking, "/runs")[:2] == (200, False)
        assert not_ready(connect) == "not ready: broker"
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: not_ready(connect) == "not ready: service", DRAIN_S / 2)
        assert ask(asking, "/runs")[:2] == (200, True)
        assert ask(connect(), "/runs")[:2] == (200, True)
        assert ask(idle, "/runs")[:2] == (200, True)
        process.wait(DRAIN_S + 60)


def test_a_second_order_ends_it_at_once(tmp_path):
    with an_api(tmp_path, drain_s=600.0) as (process, connect):
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: not_ready(connect) == "not ready: service", 60)
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_one_that_has_a_successor_answers_who_is_connected_accepts_nobody_and_ends_by_itself(tmp_path):
    with an_api(tmp_path) as (process, connect):
        kept = [connect() for _ in range(3)]
        assert [ask(connection, "/runs")[:2] for connection in kept] == [(200, False)] * 3
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: accepts_nobody(connect), 60)
        for connection in kept:
            assert process.poll() is None
            assert ask(connection, "/runs")[:2] == (200, True)
        assert process.wait(60) == 0


def accepts_nobody(connect: Connect) -> bool:
    """Whether a new connection stays in the socket's queue, where a successor would find it."""
    new = connect()
    new.request("GET", "/health/live")
    return not select.select([new.sock], [], [], 3.0)[0]
