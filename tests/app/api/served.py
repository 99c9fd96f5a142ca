"""The real application over real parts, served in a thread of the test process, or in one of its own."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from fastapi import FastAPI

from app.main import create_app
from app.parts import Parts
from app.server import Server
from app.settings import Settings


@contextmanager
def served(parts: Parts, app: FastAPI | None = None) -> Iterator[httpx.Client]:
    """A client of the application while it is up; a test that looks inside brings the application."""
    server = Server(
        app or create_app(parts),
        timeout_graceful_shutdown=5,
        timeout_keep_alive=3600,  # else a test that was busy for 5 s asks on a connection that is just being closed
    )
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # from here on a client waits for the server instead of being refused
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        with httpx.Client(base_url=url, timeout=120) as client:
            try:
                assert client.get("/health/live").status_code == 200
                yield client
            finally:
                server.should_exit = True
                thread.join(120)
                assert not thread.is_alive(), "the server did not stop"


@contextmanager
def api_process(settings: Settings) -> Iterator[tuple[subprocess.Popen[bytes], tuple[str, int]]]:
    """The API as a process of `octet serve`, and its address; it may not be up yet, but connections wait for it."""
    with socket.create_server(("127.0.0.1", 0)) as listening, open(os.devnull, "wb") as says:
        passed = [listening.fileno(), says.fileno()]
        command = [sys.executable, "-m", "app.embedded.api", *map(str, passed)]
        with subprocess.Popen(command, env=os.environ | settings.environment(), pass_fds=passed) as process:
            try:
                yield process, listening.getsockname()
            finally:
                process.kill()
