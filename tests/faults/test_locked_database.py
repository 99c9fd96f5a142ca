"""Another program holds the database for 30 s, far beyond a lease: requests wait or are told to; nothing is lost."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
import sqlalchemy as sa

from tests.faults.conftest import Disturbed
from tests.faults.trial import BODY, End, end_of, ended, in_mid_run
from tests.support.behind import database_of
from tests.support.service import Service, wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]

LOCKED_S = 30.0
SHORT = BODY | {"plan": {"steps": 4, "batch": 8, "threads": 1}}


def test_a_database_that_is_locked_for_30_s_costs_no_point_no_bit_and_no_request(
    disturbed: Disturbed, undisturbed: End
):
    client, service = disturbed.client, disturbed.service
    run = in_mid_run(client)
    asking = _Asking(service.url)
    with _locked(service):
        asking.thread.start()
    asking.thread.join(240)
    assert asking.answers[-1].status_code == 202, asking.answers[-1].text
    for waited in asking.answers[:-1]:
        assert (waited.status_code, waited.json()["type"]) == (503, "/problems/database-locked")
        assert int(waited.headers["retry-after"]) >= 1
    assert end_of(client, run) == undisturbed
    assert {attempt.reason for attempt in client.attempts(run)} <= {"lost", "finished"}
    assert ended(client, asking.answers[-1].json()["id"]).status == "succeeded"
    assert len(client.runs()) == 2


@contextmanager
def _locked(service: Service) -> Iterator[None]:
    """The block runs, and LOCKED_S pass, while nobody else can write."""
    held, released = threading.Event(), threading.Event()

    def hold() -> None:
        with database_of(service) as engine, engine.connect() as holder:
            if engine.dialect.name == "sqlite":
                holder.connection.driver_connection.isolation_level = None
                holder.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                holder.execute(sa.text("LOCK TABLE runs"))
            held.set()
            released.wait(LOCKED_S)
            holder.rollback()

    holding = threading.Thread(target=hold)
    holding.start()
    wait_for(held.is_set, 60, "the lock")
    yield
    holding.join()


@dataclass
class _Asking:
    """Submits a run, again and again with the same key as clients do, until it is taken."""

    url: str
    answers: list[httpx.Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        with httpx.Client(base_url=self.url, timeout=120) as client:
            while not self.answers or self.answers[-1].status_code == 503:
                self.answers.append(client.post("/runs", json=SHORT, headers={"idempotency-key": "once"}))
