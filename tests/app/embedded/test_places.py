"""What one `octet serve` claims for itself."""

import os
import socket
from pathlib import Path

import pytest

from app.embedded.faults import CannotServe
from app.embedded.places import (
    data_directory,
    forget_state,
    listen,
    read_state,
    socket_folder,
    url_of,
    write_state,
)


def test_a_data_directory_is_held_by_one_at_a_time(tmp_path: Path):
    folder = tmp_path / "data"
    with data_directory(folder):
        write_state(folder, {"pid": 4711})
        with pytest.raises(CannotServe, match=r"process 4711.*--data-dir"), data_directory(folder):
            pass
    with data_directory(folder):
        pass


@pytest.mark.parametrize("place", ["afile/data", "/proc/data"])
def test_a_data_directory_that_cannot_be_written_is_said_in_words(place: str, tmp_path: Path):
    (tmp_path / "afile").touch()
    with (
        pytest.raises(CannotServe, match=r"cannot write to the data directory .*--data-dir"),
        data_directory(tmp_path / place),
    ):
        raise AssertionError("it was taken")


def test_a_port_in_use_is_said_in_words():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotServe, match=rf"port {port} of 127\.0\.0\.1 is in use.*--port"):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_is_said_in_words():
    with pytest.raises(CannotServe, match=r"cannot listen on 192\.0\.2\.1:"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize(("host", "start"), [("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://127.0.0.1:")])
def test_port_0_takes_a_free_port_and_the_url_can_be_opened_from_here(host: str, start: str):
    with listen(host, 0) as listening:
        assert url_of(listening) == f"{start}{listening.getsockname()[1]}"


def test_the_socket_folder_is_short_private_and_removed(tmp_path: Path):
    with socket_folder(tmp_path) as folder:
        assert len(str(folder / "broker.sock")) < 100
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_what_a_killed_predecessor_left_is_removed_and_nothing_else(tmp_path: Path):
    left, other = tmp_path / "octet-left", tmp_path / "precious"
    for folder in (left, other):
        folder.mkdir()
        write_state(tmp_path, {"socket_folder": str(folder)})
        with socket_folder(tmp_path):
            pass
    assert not left.exists()
    assert other.exists()


def test_the_state_tells_who_serves_until_an_orderly_end(tmp_path: Path):
    assert read_state(tmp_path) == {}
    write_state(tmp_path, {"pid": os.getpid()})
    assert read_state(tmp_path) == {"pid": os.getpid()}
    forget_state(tmp_path)
    assert read_state(tmp_path) == {}
