"""SIGHUP to `octet serve`: every process is replaced under load, no request fails, and the run in training goes on."""

import http.client
import json
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from tests.faults.conftest import Disturbed
from tests.faults.trial import BODY, End, end_of, in_mid_run
from tests.support.service import Service, alive, wait_for

pytestmark = [pytest.mark.timeout(600)]
JSON = {"content-type": "application/json"}


@dataclass
class Load:
    """Clients that ask without a pause, each its own request, and never a second time: what came back, and failures."""

    address: str
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def client(self, name: str, method: str, path: str, body: bytes | None, *, kept: bool) -> Callable[[], None]:
        """One that keeps its connection as long as the server does, or opens one for each request."""

        def ask() -> None:
            connection = http.client.HTTPConnection(self.address, timeout=60)
            while not self.over.is_set():
                try:
                    connection.request(method, path, body, JSON if body and body[:1] == b"{" else {})
                    answer = connection.getresponse()
                    said = answer.read()
                    if answer.status >= 400:
                        self.failures.append(f"{name}: {answer.status} {said[:200]!r}")
                    self.answers[name] += 1
                except (OSError, http.client.HTTPException) as error:
                    self.failures.append(f"{name}: {error!r}")
                    connection.close()
                if not kept:
                    connection.close()
            connection.close()

        return ask

    def all_answered(self) -> bool:
        """Whether each client was answered since the last call."""
        counts = dict(self.answers)
        if len(counts) < CLIENTS or min(counts.values()) < 3:
            return False
        self.answers.clear()
        return True


CLIENTS = 6


@contextmanager
def under_load(service: Service, model: str) -> Iterator[Load]:
    load = Load(urlsplit(service.url).netloc)
    validate = json.dumps(BODY).encode()
    threads = [
        threading.Thread(target=load.client(f"{what} {kept=}", method, path, body, kept=kept))
        for what, method, path, body in (
            ("read", "GET", f"/runs/{model}", None),
            ("submit", "POST", "/runs?validate=true", validate),
            ("predict", "POST", f"/predict?run={model}", b"\x00\x80" * 50),
        )
        for kept in (True, False)
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.over.set()
        for thread in threads:
            thread.join(90)


def test_a_rolling_restart_under_load_fails_no_request_and_costs_the_run_no_bit(disturbed: Disturbed, undisturbed: End):
    service, client = disturbed.service, disturbed.client
    model = client.submit(BODY).id
    assert end_of(client, model) == undisturbed
    run = in_mid_run(client)
    with under_load(service, model) as load:
        for _ in range(2):
            wait_for(load.all_answered, 60, "an answer for every client")
            before = {kind: service.process(kind) for kind in ("api", "worker", "pool")}
            service.supervisor.send_signal(signal.SIGHUP)
            wait_for(lambda before=before: not any(map(alive, before.values())), 90, "the old processes ending")
            wait_for(lambda: service.find("api") and service.find("pool"), 60, "new processes")
            load.all_answered()
        wait_for(load.all_answered, 60, "an answer for every client")
    assert load.failures == []
    assert end_of(client, run) == undisturbed
    reasons = [attempt.reason for attempt in client.attempts(run)]
    assert reasons[-1] == "finished"
    assert set(reasons[:-1]) == {"handed_back"}
    assert service.supervisor.poll() is None
