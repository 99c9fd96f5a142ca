"""Clients that ask a service without a pause, each request once and never again: what came back, and what failed."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import httpx

from tests.app.api import sides

JSON = {"content-type": "application/json"}
PIECES = 20
PIECE_S = 0.05
"""An upload is sent in so many pieces, so far apart: it lasts, as one over a real network does."""
LOOK_S = 0.2
PATIENCE_S = 300.0
"""So long a client waits for an answer: a busy machine is slow, and that is no failure."""
MANY = 30
"""Files of one request that takes its time."""
TROUBLE = (OSError, http.client.HTTPException)


@dataclass
class Load:
    """answers: by client, since they were counted last. results: of predictions over a data set, each once."""

    address: str
    clients: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    results: set[bytes] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def all_answered(self) -> bool:
        """Whether each client was answered since the last call, three times: so a whole request lies in between."""
        counts = dict(self.answers)
        if min((counts.get(client, 0) for client in self.clients), default=0) < 3:
            return False
        self.answers.clear()
        return True

    def ask(
        self,
        name: str,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes | None:
        """One request; None when it failed, which is written down."""
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            said = answer.read()
        except TROUBLE as error:
            self.failures.append(f"{name}: {error!r}")
            connection.close()
            return None
        if answer.status >= 400:
            self.failures.append(f"{name}: {answer.status} {said[:200]!r}")
            return None
        return said

    def asking(
        self, name: str, method: str, path: str, body: bytes | None, headers: Mapping[str, str], *, kept: bool
    ) -> Callable[[], None]:
        """A client that keeps its connection as long as the server does, or opens one for each request."""

        def client() -> None:
            connection = http.client.HTTPConnection(self.address, timeout=PATIENCE_S)
            while not self.over.is_set():
                if self.ask(name, connection, method, path, body, headers) is not None:
                    self.answers[name] += 1
                if not kept:
                    connection.close()
            connection.close()

        return self._known(name, client)

    def uploading(self, name: str) -> Callable[[], None]:
        """A client that sends one small data set after another, slowly."""

        def slowly(form: bytes) -> Iterator[bytes]:
            size = len(form) // PIECES + 1
            for at in range(0, len(form), size):
                yield form[at : at + size]
                self.over.wait(PIECE_S)

        def client() -> None:
            for number in count():
                if self.over.is_set():
                    return
                data = {"name": f"{name}-{number}"}
                form = httpx.Request("POST", f"http://{self.address}", data=data, files=sides.form(seed=number))
                connection = http.client.HTTPConnection(self.address, timeout=PATIENCE_S)
                body = form.read()
                headers = {key: form.headers[key] for key in ("content-type", "content-length")}
                if self.ask(name, connection, "POST", "/datasets", slowly(body), headers) is not None:
                    self.answers[name] += 1
                connection.close()

        return self._known(name, client)

    def predicting(self, run: str, dataset: str) -> Callable[[], None]:
        """A client that has one prediction over a data set made after another, and reads its result."""
        name, body = "job", json.dumps({"run": run, "dataset": dataset}).encode()

        def ended(connection: http.client.HTTPConnection, job: str) -> bool:
            said = self.ask(name, connection, "GET", f"/predictions/{job}")
            status = json.loads(said)["status"] if said else None
            if status in ("failed", "cancelled"):
                self.failures.append(f"{name}: {said!r}")
            nobody_answers = said is None and self.over.is_set()
            return nobody_answers or status in ("succeeded", "failed", "cancelled")

        def client() -> None:
            connection = http.client.HTTPConnection(self.address, timeout=PATIENCE_S)
            while not self.over.is_set():
                made = self.ask(name, connection, "POST", "/predictions", body, JSON)
                if made is None:
                    continue
                job = json.loads(made)["id"]
                while not ended(connection, job):
                    threading.Event().wait(LOOK_S)
                result = self.ask(name, connection, "GET", f"/predictions/{job}/result?format=csv")
                if result is not None:
                    self.results.add(result)
            connection.close()

        return client

    def _known(self, name: str, client: Callable[[], None]) -> Callable[[], None]:
        self.clients.append(name)
        return client


@contextmanager
def under_load(address: str, run: str, dataset: str, body: Mapping[str, object]) -> Iterator[Load]:
    """All kinds of clients at once: they read a run, check a body, predict by the run, upload."""
    load = Load(address)
    files = [("file", (str(n), b"\x00\x80" * 500)) for n in range(MANY)]
    many = httpx.Request("POST", f"http://{address}", files=files)
    form = many.read()
    clients = [
        load.asking(f"{what} {kept=}", method, path, content, headers, kept=kept)
        for what, method, path, content, headers in (
            ("read", "GET", f"/runs/{run}", None, {}),
            ("submit", "POST", "/runs?validate=true", json.dumps(body).encode(), JSON),
            ("predict", "POST", f"/predict?run={run}", b"\x00\x80" * 50, {}),
            ("predict many", "POST", f"/predict?run={run}", form, {"content-type": many.headers["content-type"]}),
        )
        for kept in (True, False)
    ]
    clients += [load.uploading("upload"), load.predicting(run, dataset)]
    threads = [threading.Thread(target=client, daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.over.set()
        for thread in threads:
            thread.join(PATIENCE_S)


class Listener:
    """An EventSource on the points of a run: when the stream ends before the run, it comes again with its last id.

    cursors: of the points it heard, in order. streams: how often it came. failures: whatever else befell it.
    """

    def __init__(self, address: str, run: str) -> None:
        self._address, self._path = address, f"/runs/{run}/metrics"
        self._last = ""
        self.cursors: list[int] = []
        self.streams = 0
        self.failures: list[str] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def end(self, within_s: float) -> None:
        """Wait until it has heard the end of the run."""
        self._thread.join(within_s)
        assert not self._thread.is_alive(), f"the stream did not end; {self.streams} streams, {self.failures}"

    def _listen(self) -> None:
        ended = False
        while not ended and not self.failures:
            connection = http.client.HTTPConnection(self._address, timeout=PATIENCE_S)
            try:
                headers = {"accept": "text/event-stream"} | ({"last-event-id": self._last} if self._last else {})
                connection.request("GET", self._path, headers=headers)
                answer = connection.getresponse()
                self.streams += 1
                if answer.status != 200:
                    self.failures.append(f"{answer.status} {answer.read()[:200]!r}")
                ended = self._heard_to_the_end(answer)
            except TROUBLE as error:
                self.failures.append(repr(error))
            connection.close()
            threading.Event().wait(LOOK_S)  # an EventSource waits, too

    def _heard_to_the_end(self, stream: http.client.HTTPResponse) -> bool:
        """Whether the run has ended, and not the stream alone. An event counts once its blank line has come."""
        fields: dict[str, str] = {}
        for line in iter(stream.readline, b""):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if value:
                fields[name] = value
            elif fields:
                if "id" in fields:
                    self._last = fields["id"]
                if fields.get("event") == "point":
                    self.cursors.append(int(self._last))
                elif fields.get("event") == "end":
                    return True
                fields = {}
        return False
