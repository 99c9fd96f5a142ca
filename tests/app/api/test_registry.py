"""Names for trained models over HTTP: promoted, served within a second, rolled back."""

import pytest

from tests.app.api import sides
from tests.app.api.driver import carry_out
from tests.app.api.failing import is_problem
from tests.app.api.waiting import wait_until


@pytest.fixture(scope="module")
def runs(client, parts):
    """Two runs that succeeded."""
    sides.upload(client)
    made = [sides.submit(client) for _ in range(2)]
    for run in made:
        carry_out(parts, run)
    return made


def serving(client, name: str) -> str:
    return client.post("/predict", params={"model": name}, content=b"bytes").json()["run"]


def test_promote_and_roll_back(client, runs):
    first, second = runs
    promoted = client.put("/models/prod", json={"run": first})
    assert (promoted.status_code, promoted.json()["run"], promoted.json()["version"]) == (200, first, 1)
    assert serving(client, "prod") == first
    assert client.put("/models/prod", json={"run": second}).json()["version"] == 2
    wait_until(lambda: serving(client, "prod") == second)
    back = client.post("/models/prod/rollback").json()
    assert (back["run"], [version["run"] for version in back["versions"]]) == (first, [second, first])
    wait_until(lambda: serving(client, "prod") == first)
    assert is_problem(client.post("/models/prod/rollback"), 409)["type"] == "/problems/nothing-to-roll-back"
    assert client.get("/models/prod").json() == back
    assert back in client.get("/models").json()["models"]


def test_a_checkpoint_is_promoted_by_its_step(client, runs):
    step = client.get(f"/runs/{runs[0]}").json()["best"]["step"]
    made = client.put("/models/by-step", json={"run": runs[0], "checkpoint": step})
    assert (made.status_code, made.json()["step"]) == (200, step)
    missing = client.put("/models/by-step", json={"run": runs[0], "checkpoint": 999})
    assert is_problem(missing, 409)["errors"][0]["pointer"] == "/checkpoint"


def test_what_is_missing_is_404_and_says_what_there_is(client, runs):
    for answer in (
        client.get("/models/nosuch"),
        client.post("/models/nosuch/rollback"),
        client.put("/models/x", json={"run": "nosuch"}),
    ):
        is_problem(answer, 404)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/run"),
        ({"run": 3}, "/run"),
        ({"run": "x", "checkpoint": "1"}, "/checkpoint"),
        ({"run": "x", "colour": 1}, "/colour"),
    ],
)
def test_wrong_bodies_name_the_place(client, body, pointer):
    faults = is_problem(client.put("/models/x", json=body), 422)["errors"]
    assert [fault["pointer"] for fault in faults] == [pointer]


def test_a_name_must_fit_into_a_url(client, runs):
    is_problem(client.put("/models/a%20b", json={"run": runs[0]}), 422)
