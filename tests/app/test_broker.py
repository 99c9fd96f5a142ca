"""The door to the queue never hangs a request and never loses its temper."""

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from app.broker import BrokerError, celery_app, open_broker
from app.embedded.broker_binary import broker_answers, broker_command, find_broker
from app.settings import Settings
from app.tracing import Origin, about
from tests.support.service import wait_for


@contextmanager
def running_broker() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="octet-") as short:
        address = Path(short) / "b.sock"
        with subprocess.Popen(broker_command(find_broker(), address, Path(short))) as server:
            try:
                wait_for(lambda: broker_answers(address), 60, "the broker answering")
                yield f"redis+socket://{address}"
            finally:
                server.kill()


def test_announced_runs_wait_in_the_queue_under_the_prefix_of_the_url():
    with running_broker() as url:
        ours, theirs = (open_broker(Settings(broker_url=f"{url}?prefix={name}")) for name in ("ours", "theirs"))
        ours.ping()
        ours.announce("a")
        ours.announce("b")
        assert (ours.depth(), theirs.depth()) == (2, 0)
        ours.close()
        theirs.close()


def test_a_message_says_in_its_headers_which_request_it_comes_from():
    with running_broker() as url:
        broker, origin = open_broker(Settings(broker_url=url)), Origin.of(None, "my-request.7")
        with about(origin):
            broker.announce("a")
        broker.announce("b")
        broker.close()
        with Redis(unix_socket_path=url.removeprefix("redis+socket://")) as queue:
            second, first = (json.loads(message)["headers"] for message in queue.lrange("octet:runs", 0, -1))
        assert (first["traceparent"], first["request_id"]) == (origin.traceparent, "my-request.7")
        assert "traceparent" not in second


@pytest.mark.parametrize("kind", ["gone", "silent"])
def test_a_broker_that_is_gone_or_silent_is_told_within_seconds_and_announcing_to_it_raises_nothing(kind: str):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        if kind == "gone":
            listening.close()
        broker = open_broker(Settings(broker_url=f"redis://127.0.0.1:{port}/0"))
        began = time.monotonic()
        broker.announce("a")
        assert time.monotonic() - began < 20
        with pytest.raises(BrokerError):
            broker.depth()
        broker.close()


@pytest.mark.parametrize("url", [None, "amqp://localhost", "filesystem://", "/tmp/b.sock"])
def test_what_names_no_redis_is_refused_with_the_way_to_write_it(url: str | None):
    with pytest.raises(ValueError, match="redis://HOST:PORT/DB"):
        open_broker(Settings(broker_url=url))


def test_only_json_is_accepted_and_nothing_is_taken_ahead_of_need():
    conf = celery_app("redis://localhost:6379/0").conf
    assert (conf.accept_content, conf.task_serializer, conf.task_ignore_result) == (["json"], "json", True)
    assert conf.worker_disable_prefetch
    assert not conf.task_acks_late
