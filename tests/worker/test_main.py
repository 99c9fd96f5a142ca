"""The worker's main process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.service import wait_for

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
            worker.wait(15)
        finally:
            worker.kill()
