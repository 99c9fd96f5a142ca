"""The broker of the embedded mode."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.embedded.broker_binary import OLDEST, broker_answers, broker_command, find_broker, version_of
from tests.support.service import wait_for


@pytest.fixture
def address() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="octet-") as short:
        yield Path(short) / "b.sock"


def test_a_broker_new_enough_is_found():
    assert version_of(find_broker()) >= OLDEST


def test_a_program_that_is_no_broker_has_no_version():
    assert version_of("true") == (0,)


def test_it_answers_on_its_private_socket_and_keeps_its_messages_through_a_kill(address: Path, tmp_path: Path):
    folder = tmp_path / "broker"
    folder.mkdir()
    assert not broker_answers(address)
    for round_ in range(2):
        with subprocess.Popen(broker_command(find_broker(), address, folder)) as broker:
            try:
                wait_for(lambda: broker_answers(address), 60, "the broker answering")
                assert address.stat().st_mode & 0o777 == 0o700
                if round_ == 0:
                    _tell(address, b"LPUSH runs a\r\n")
                else:
                    assert _tell(address, b"LLEN runs\r\n") == b":1\r\n"
            finally:
                broker.kill()


def _tell(address: Path, line: bytes) -> bytes:
    import socket

    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(address))
        asking.sendall(line)
        return asking.recv(64)
