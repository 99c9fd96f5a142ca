"""The HTTP server of the API: uvicorn as we run it; `python -m app.server` is the API alone, begun by `octet api`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.settings import HttpSettings

FROM_ENVIRONMENT = "app.main:app_from_environment"
DRAIN_S = 10
"""How long open requests may take to end at a stop."""


class Http1(HttpToolsProtocol):
    """HTTP/1.1, also with a client that offers another protocol, as Java's offers HTTP/2 (`Upgrade: h2c`) unasked.

    A server may ignore an offer (RFC 9110, section 7.8). The parser does not: what follows such a head is the other
    protocol's for it, so a body would be read as the next request and refused. So the head is read again without the
    offer, and then what follows it.
    """

    def on_headers_complete(self) -> None:
        """Begin to answer, but for a head that is read again."""
        if not self._offered():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """For the parser a request with an offer ends behind its head."""
        if not self._offered():
            super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """As uvicorn's, but for an offer; every turn of the loop takes one away."""
        self._unset_keepalive_if_required()
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as offer:
                if not self._offered():
                    return  # CONNECT, which is answered like any other method
                data = self._head_without_offer() + data[offer.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
            except httptools.HttpParserError:
                words = "Invalid HTTP request received."
                self.logger.warning(words)
                self.send_400_response(words)
                return

    def _offered(self) -> bool:
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _head_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        first = b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)
        kept = [b"%b: %b" % (name, value) for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join([first, *kept, b"", b""])


class Server(uvicorn.Server):
    """Serves until SIGTERM or SIGINT."""

    def __init__(self, app: Callable[..., Any] | str = FROM_ENVIRONMENT, **given: Any) -> None:
        """app: an application, or where its factory stands; given: more of uvicorn's settings."""
        ours = {"http": Http1, "ws": "none", "log_config": None, "access_log": False}
        told = {"timeout_graceful_shutdown": DRAIN_S, **ours, **given}
        super().__init__(uvicorn.Config(app, factory=isinstance(app, str), **told))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, which sends itself the signal once more at the end: an ordered end is none by a signal."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def main() -> int:
    """Serve at OCTET_HOST and OCTET_PORT until SIGTERM; the exit code, 0 after an ordered end."""
    listening = HttpSettings()
    server = Server(host=listening.host, port=listening.port)
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
