"""The first moments of the command: Ctrl-C before Python has imported everything."""

import os
import signal
import subprocess

import pytest

from tests.cli.conftest import OCTET


@pytest.mark.parametrize("imported", ["click.core", "app.cli.trio"])
def test_ctrl_c_while_python_imports_ends_it_without_a_traceback(imported):
    """Python says on stderr what it has imported; SIGINT comes at a point in the middle of that."""
    environment = os.environ | {"PYTHONPROFILEIMPORTTIME": "1", "OCTET_URL": "http://127.0.0.1:9"}
    command = subprocess.Popen(
        [OCTET, "runs", "list"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert command.stderr is not None
    for line in command.stderr:
        if line.rstrip().endswith(imported):
            command.send_signal(signal.SIGINT)
            break
    _, said = command.communicate(timeout=120)
    assert command.returncode in (-signal.SIGINT, 130)
    assert "Traceback" not in said
