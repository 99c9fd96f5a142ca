"""The worker's main process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from app.embedded.places import read_state
from tests.support.service import serving, wait_for

COMMAND = [sys.executable, "-m", "worker.main"]


def test_without_a_broker_to_speak_to_it_says_how_to_name_one(tmp_path: Path):
    env = {name: value for name, value in os.environ.items() if not name.startswith("OCTET_")}
    done = subprocess.run(
        COMMAND, env=env | {"OCTET_DATA_DIR": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "OCTET_BROKER_URL" in done.stderr


def test_it_ends_at_sigterm_while_its_broker_is_away(tmp_path: Path):
    env = os.environ | {"OCTET_DATA_DIR": str(tmp_path), "OCTET_BROKER_URL": f"redis+socket://{tmp_path}/none.sock"}
    log = tmp_path / "log"
    with log.open("wb") as written, subprocess.Popen(COMMAND, env=env, stdout=written, stderr=written) as worker:
        try:
            wait_for(lambda: "Cannot connect" in log.read_text(), 60, "the first try to connect")
            worker.send_signal(signal.SIGTERM)
            worker.wait(60)
        finally:
            worker.kill()


def ping(environment: dict[str, str], queues: str) -> int:
    """The exit code of the health check."""
    command = [*COMMAND, "--queues", queues, "--ping"]
    return subprocess.run(command, env=os.environ | environment, timeout=60, check=False).returncode


def test_a_worker_that_runs_here_answers_a_ping_and_one_that_hangs_or_is_not_there_does_not(tmp_path: Path):
    with serving(tmp_path) as served:
        socket_folder = read_state(served.data_dir)["socket_folder"]
        told = {"OCTET_BROKER_URL": f"redis+socket://{socket_folder}/broker.sock", "OCTET_DATA_DIR": str(tmp_path)}
        told |= {name: value for name, value in served.environment.items() if name == "OCTET_BROKER_URL"}
        wait_for(lambda: ping(told, "runs") == 0, 60, "the worker answering")
        wait_for(lambda: ping(told, "predictions") == 0, 60, "the predictor answering")
        assert ping(told, "runs,predictions") == 1  # nobody here takes both
        worker = served.process("worker")
        os.kill(worker, signal.SIGSTOP)
        try:
            assert ping(told, "runs") == 1
            wait_for(lambda: ping(told, "predictions") == 0, 60, "the predictor answering still")
        finally:
            os.kill(worker, signal.SIGCONT)


def test_a_ping_over_a_broker_that_is_away_fails_within_seconds_and_says_so(tmp_path: Path):
    told = {"OCTET_BROKER_URL": f"redis+socket://{tmp_path}/none.sock", "OCTET_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [*COMMAND, "--ping"], env=os.environ | told, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "the broker does not answer" in done.stderr
