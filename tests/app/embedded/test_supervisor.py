"""`octet serve` as somebody at a terminal meets it."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from app.embedded.places import listen, read_state
from tests.support.service import Service, alive, serving, start, wait_for

pytestmark = pytest.mark.services
OCTET = Path(sys.executable).with_name("octet")


def serve(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([OCTET, "serve", *options], capture_output=True, text=True, timeout=120, check=False)


def test_a_second_one_on_the_same_data_is_refused_in_words(service: Service):
    second = serve("--port", "0", "--data-dir", str(service.data_dir))
    assert second.returncode == 1
    assert f"process {service.pid}" in second.stderr
    assert httpx.get(f"{service.url}/health/ready", timeout=60, trust_env=False).status_code == 200


def test_a_port_in_use_is_refused_in_words(tmp_path: Path):
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        refused = serve("--port", port, "--data-dir", str(tmp_path / "data"))
    assert refused.returncode == 1
    assert f"port {port} of 127.0.0.1 is in use" in refused.stderr


NOWHERE = "127.0.0.1:9"  # the discard port: nobody listens


@pytest.mark.parametrize(
    ("command", "setting", "value", "said"),
    [
        ("serve", "OCTET_BROKER_URL", "amqp://x", "use redis://HOST:PORT/DB"),
        ("worker", "OCTET_BROKER_URL", "amqp://x", "use redis://HOST:PORT/DB"),
        ("serve", "OCTET_BROKER_URL", f"redis://{NOWHERE}/0", "the broker cannot be used"),
        ("migrate", "OCTET_DATABASE_URL", "mysql://x", "use sqlite:///PATH"),
        ("migrate", "OCTET_DATABASE_URL", "postgresql+psycopg://a b:port/name", "the database cannot be used"),
        ("serve", "OCTET_DATABASE_URL", f"postgresql+psycopg://nobody@{NOWHERE}/x", "the database cannot be used"),
        ("migrate", "OCTET_DATABASE_URL", f"postgresql+psycopg://nobody@{NOWHERE}/x", "the database cannot be used"),
    ],
)
def test_a_part_that_cannot_be_used_is_said_with_its_setting(tmp_path, command, setting, value, said):
    clean = {name: held for name, held in os.environ.items() if not name.startswith("OCTET_")}
    done = subprocess.run(
        [OCTET, command],
        env=clean | {"OCTET_DATA_DIR": str(tmp_path / "data"), "OCTET_PORT": "0", setting: value},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in {1, 2}, done.stderr
    assert said in done.stderr
    assert setting in done.stderr
    assert "Traceback" not in done.stderr


def test_a_killed_api_is_started_again_and_no_connection_is_refused_meanwhile(tmp_path: Path):
    with serving(tmp_path) as service:
        dead = service.kill("api")
        answer = httpx.get(f"{service.url}/health/ready", timeout=60, trust_env=False)
        assert answer.status_code == 200
        assert wait_for(lambda: service.find("api"), 60) != dead
        assert service.stop() == 0
        assert read_state(service.data_dir) == {}


def test_the_tree_dies_with_a_killed_supervisor_and_the_next_one_starts_on_its_data(tmp_path: Path):
    with serving(tmp_path) as service:
        tree = [pid for kind in ("broker", "api", "worker", "pool") if (pid := service.find(kind))]
        assert len(tree) >= 3
        service.supervisor.kill()
        service.supervisor.wait()
        wait_for(lambda: not any(map(alive, tree)), 60, "the tree dying with its supervisor")
        start(tmp_path, service.environment).stop()
