"""Every order to a run, from every state, twice: what HTTP answers, and what becomes of the run."""

from collections.abc import Callable

import httpx
import pytest

from app.parts import Parts
from app.services.jobs.outcomes import JobEnd
from app.services.jobs.states import ENDED, Status
from app.services.runs.control import cancel, pause
from app.services.runs.lease import finish
from tests.app.api.driver import lease_of
from tests.app.api.failing import is_problem
from tests.support.runs import a_run

pytestmark = pytest.mark.services


def _ended(status: str) -> Callable[[Parts, str], None]:
    return lambda parts, run: finish(parts, lease_of(parts, run), JobEnd(status, "finished"))  # type: ignore[arg-type]


def _held_and(order: Callable[[Parts, str], object]) -> Callable[[Parts, str], None]:
    def reach(parts: Parts, run: str) -> None:
        lease_of(parts, run)
        order(parts, run)

    return reach


REACHED: dict[str, Callable[[Parts, str], object]] = {
    "queued": lambda parts, run: None,
    "running": lease_of,
    "pausing": _held_and(pause),
    "paused": pause,
    "cancelling": _held_and(cancel),
    "succeeded": _ended("succeeded"),
    "failed": _ended("failed"),
    "cancelled": cancel,
}
"""How a run comes into a state."""

REFUSED = 409
BECOMES: dict[str, dict[str, str | int]] = {
    "cancel": {
        "queued": "cancelled",
        "running": "cancelling",
        "pausing": "cancelling",
        "paused": "cancelled",
        "cancelling": "cancelling",
        "succeeded": REFUSED,
        "failed": REFUSED,
        "cancelled": "cancelled",
    },
    "pause": {
        "queued": "paused",
        "running": "pausing",
        "pausing": "pausing",
        "paused": "paused",
        "cancelling": REFUSED,
        "succeeded": REFUSED,
        "failed": REFUSED,
        "cancelled": REFUSED,
    },
    "resume": {
        "queued": "queued",
        "running": "running",
        "pausing": "running",
        "paused": "queued",
        "cancelling": REFUSED,
        "succeeded": REFUSED,
        "failed": REFUSED,
        "cancelled": REFUSED,
    },
    "delete": {state.value: "gone" if state in ENDED else REFUSED for state in Status},
}


def give(client: httpx.Client, order: str, run: str) -> httpx.Response:
    return client.delete(f"/runs/{run}") if order == "delete" else client.post(f"/runs/{run}/{order}")


def test_the_tables_of_this_test_name_every_state():
    for table in (REACHED, *BECOMES.values()):
        assert set(table) == set(Status)


@pytest.mark.parametrize("order", list(BECOMES))
@pytest.mark.parametrize("state", list(REACHED))
def test_every_order_from_every_state_twice(client: httpx.Client, parts: Parts, state: str, order: str):
    run = a_run(parts).id
    REACHED[state](parts, run)
    now = state
    assert client.get(f"/runs/{run}").json()["status"] == now
    for _ in range(2):
        answer = give(client, order, run)
        becomes = BECOMES[order].get(now, "gone")
        if now == "gone":
            is_problem(answer, 404)
        elif becomes == REFUSED:
            problem = is_problem(answer, 409)
            assert problem["type"] == ("/problems/run-in-use" if order == "delete" else "/problems/run-state")
            assert f"{run} is {now}" in problem["detail"]
        elif becomes == "gone":
            assert answer.status_code == 204
            now = "gone"
        else:
            assert (answer.status_code, answer.json()["status"]) == (202, becomes)
            assert answer.headers["location"] == f"/runs/{run}"
            now = str(becomes)
        if now != "gone":
            assert client.get(f"/runs/{run}").json()["status"] == now


def test_each_order_is_an_event_once_however_often_it_is_given(client: httpx.Client, parts: Parts):
    run = a_run(parts).id
    for order in ("pause", "pause", "resume", "resume", "pause", "cancel", "cancel"):
        assert give(client, order, run).status_code == 202
    kinds = [event["kind"] for event in client.get(f"/runs/{run}/events").json()["events"]]
    assert kinds == ["paused", "queued", "paused", "cancelled"]
