"""The API process of the tree: `python -m app.embedded.api DESCRIPTOR` serves on a socket that the supervisor holds.

So a restart of the API refuses no connection: those that come meanwhile wait in the socket's queue.
"""

import socket
import sys
from collections.abc import Sequence

import uvicorn

from models.threads import wait_without_spinning

DRAIN_S = 10
"""How long open requests may take to end at a stop."""


def main(argv: Sequence[str]) -> int:
    """Serve until SIGTERM."""
    wait_without_spinning()
    config = uvicorn.Config(
        "app.main:app_from_environment",
        factory=True,
        timeout_graceful_shutdown=DRAIN_S,
        log_config=None,
        access_log=False,
    )
    server = uvicorn.Server(config)
    server.run(sockets=[socket.socket(fileno=int(argv[0]))])
    return 0 if server.started else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
