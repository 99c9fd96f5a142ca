"""What one `octet serve` claims for itself: the data directory, the port, and a short private folder for its socket."""

import contextlib
import errno
import fcntl
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.embedded.faults import CannotServe

SOCKET_FOLDER_LIMIT = 60
"""A socket's path must stay below 104 bytes on every system."""
PREFIX = "octet-"


@contextmanager
def data_directory(folder: Path) -> Iterator[None]:
    """Hold a data directory alone: two trees of processes on one would fight for its files. Raises CannotServe."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "serve.lock").open("a")
    except OSError as error:
        raise CannotServe(
            f"cannot write to the data directory {folder} ({error.strerror}); choose another --data-dir"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel lets go of it, however this process ends
        except OSError as error:
            holder = read_state(folder).get("pid", "unknown")
            raise CannotServe(
                f"another `octet serve` (process {holder}) uses {folder}: stop it, or choose another --data-dir"
            ) from error
        yield


def listen(host: str, port: int) -> socket.socket:
    """The service's port, open from now on; port 0 takes a free one. Raises CannotServe."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotServe(
                f"port {port} of {host} is in use: stop what uses it, or choose another --port"
            ) from error
        raise CannotServe(f"cannot listen on {host}:{port}: {error.strerror or error}") from error


def url_of(listening: socket.socket) -> str:
    """Where a browser on this machine finds the service."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def socket_folder(data_dir: Path) -> Iterator[Path]:
    """A private folder with a short path. What a killed predecessor left is removed."""
    left = Path(str(read_state(data_dir).get("socket_folder", "")))
    if left.name.startswith(PREFIX) and left.is_dir() and left.stat().st_uid == os.getuid():
        shutil.rmtree(left, ignore_errors=True)
    candidates = [os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"]
    parent = next(c for c in candidates if 0 < len(c) <= SOCKET_FOLDER_LIMIT and os.access(c, os.W_OK))
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_state(data_dir: Path, state: Mapping[str, object]) -> None:
    """Tell other programs (and the next start) who serves this data directory, and with which processes."""
    unfinished = data_dir / "serve.json.part"
    unfinished.write_text(json.dumps(state, indent=1))
    unfinished.replace(data_dir / "serve.json")


def read_state(data_dir: Path) -> dict[str, object]:
    """What write_state wrote last; empty when nothing serves, or served, this data directory."""
    with contextlib.suppress(OSError, ValueError):
        state = json.loads((data_dir / "serve.json").read_text())
        return state if isinstance(state, dict) else {}
    return {}


def forget_state(data_dir: Path) -> None:
    """After an orderly end."""
    (data_dir / "serve.json").unlink(missing_ok=True)
