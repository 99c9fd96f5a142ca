"""kill -9 of the broker in mid-run: training does not notice, and runs that are submitted meanwhile are not lost."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.embedded.broker_binary import find_broker
from octet import Client
from tests.faults.trial import BODY, End, end_of, ended, in_mid_run, upload
from tests.support.service import Service, serving, wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


@contextmanager
def _served_with_a_broker_to_kill(folder: Path) -> Iterator[tuple[Service, Callable[[], None]]]:
    """A service, and what kills its broker and lets it come back: never a Redis that others use, too."""
    if not os.environ.get("OCTET_TEST_REDIS_URL"):
        with serving(folder) as service:

            def kill_embedded() -> None:
                dead = service.kill("broker")
                wait_for(lambda: service.find("broker") not in (None, dead), 10, "the broker being started again")

            yield service, kill_embedded
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    redis = _redis(folder, port)
    try:
        with serving(folder, OCTET_BROKER_URL=f"redis://127.0.0.1:{port}/0") as service:

            def kill_own() -> None:
                nonlocal redis
                redis.kill()
                redis.wait()
                redis = _redis(folder, port)

            yield service, kill_own
    finally:
        redis.kill()
        redis.wait()


def _redis(folder: Path, port: int) -> subprocess.Popen[bytes]:
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes", "--save", ""]
    server = subprocess.Popen([find_broker(), *options], stdout=subprocess.DEVNULL)

    def listens() -> bool:
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listens, 10, "the broker listening")
    return server


def test_a_killed_broker_costs_no_point_no_bit_and_no_run(undisturbed: End, tmp_path: Path):
    with _served_with_a_broker_to_kill(tmp_path) as (service, kill), Client(service.url) as client:
        upload(client, tmp_path / "trial")
        run = in_mid_run(client)
        kill()
        other = client.submit(BODY | {"plan": {"steps": 4, "batch": 8, "threads": 1}}).id
        assert end_of(client, run) == undisturbed
        assert len(client.attempts(run)) == 1
        assert ended(client, other).status == "succeeded"
