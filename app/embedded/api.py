"""The API process of the tree: `python -m app.embedded.api LISTENS SAYS` serves on a socket that the supervisor holds.

So a restart of the API refuses no connection: those that come meanwhile wait in the socket's queue. Both arguments are
file descriptors; a byte into the second one says that it serves.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from math import inf
from types import FrameType

from app.server import Server
from models.threads import wait_without_spinning

SILENT_S = 10.0
"""A connection that has asked nothing so long after a successor has come is closed; one that has asked is after 5."""


class Replaceable(Server):
    """Serves until SIGTERM. At SIGHUP a successor serves on the same socket: it ends when nobody is connected any more.

    It accepts nobody then, so every connection is one that it has answered before, or will. The application closes
    each behind its next answer, and one that asks nothing is closed as it always is, seconds after its last answer.
    Only one on which nothing was ever asked would stay.
    """

    def __init__(self, says: int) -> None:
        super().__init__()
        self._says = says
        self._succeeded_at = inf

    def succeed(self, _number: int, _frame: FrameType | None) -> None:
        """A successor serves; the handler of SIGHUP."""
        self._succeeded_at = time.monotonic()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so when it serves."""
        await super().startup(sockets)
        if self.started:
            os.write(self._says, b"!")

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether to end."""
        if self._succeeded_at < inf:
            for server in self.servers:
                server.close()
            if time.monotonic() >= self._succeeded_at + SILENT_S:
                for connection in list(self.server_state.connections):
                    connection.shutdown()  # at once where nothing is asked, else behind the answer
            self.should_exit = self.should_exit or not self.server_state.connections
        return await super().on_tick(counter)


def main(argv: Sequence[str]) -> int:
    """Serve until SIGTERM, or until a successor has taken over."""
    wait_without_spinning()
    listens, says = map(int, argv)
    server = Replaceable(says)
    signal.signal(signal.SIGHUP, server.succeed)
    server.run(sockets=[socket.socket(fileno=listens)])
    return 0 if server.started else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
