"""A broker that a test may kill and flush: never one that others use, too."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.embedded.broker_binary import find_broker
from tests.support.service import Service, wait_for


@dataclass
class PrivateBroker:
    """The embedded broker (no port), or a server of the test's own beside the services under test."""

    folder: Path
    port: int | None = None
    _server: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def environment(self) -> dict[str, str]:
        """What a service is told of it."""
        return {} if self.port is None else {"OCTET_BROKER_URL": f"redis://127.0.0.1:{self.port}/0"}

    def start(self) -> None:
        """Begin, or go on with the messages that were there. An embedded one is the supervisor's to start."""
        if self.port is None:
            return
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        command = [find_broker(), *options, "--appendonly", "yes", "--save", ""]
        self._server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for(self._listens, 60, "the broker listening")

    def kill_and_let_come_back(self, service: Service) -> None:
        """kill -9, and wait until there is a new one."""
        if self.port is None:
            dead = service.kill("broker")
            wait_for(lambda: service.find("broker") not in (None, dead), 60, "the broker being started again")
        else:
            self.end()
            self.start()

    def end(self) -> None:
        """kill -9 what the test started."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def _listens(self) -> bool:
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def private_broker(folder: Path) -> Iterator[PrivateBroker]:
    """The embedded broker; a real Redis where Redis is under test."""
    broker = PrivateBroker(folder)
    if os.environ.get("OCTET_TEST_REDIS_URL"):
        with socket.create_server(("127.0.0.1", 0)) as free:
            broker.port = free.getsockname()[1]
    broker.start()
    try:
        yield broker
    finally:
        broker.end()
