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


def test_the_same_promotion_again_makes_no_second_version(client, runs):
    first, second = runs
    made = client.put("/models/again", json={"run": first}).json()
    step = made["step"]
    assert client.put("/models/again", json={"run": first}).json() == made
    assert client.put("/models/again", json={"run": first, "checkpoint": step}).json() == made
    assert client.put("/models/again", json={"run": second}).json()["version"] == 2
    assert client.put("/models/again", json={"run": second}).json()["version"] == 2
    assert client.post("/models/again/rollback").json()["run"] == first
    assert is_problem(client.post("/models/again/rollback"), 409)["type"] == "/problems/nothing-to-roll-back"
    assert client.put("/models/again", json={"run": second}).json()["version"] == 3
    assert client.delete("/models/again").status_code == 204


def test_a_model_is_removed_by_its_name_and_its_runs_stay(client, runs):
    client.put("/models/short", json={"run": runs[0]})
    gone = client.delete("/models/short")
    assert (gone.status_code, gone.content) == (204, b"")
    for answer in (client.get("/models/short"), client.delete("/models/short"), client.post("/models/short/rollback")):
        assert is_problem(answer, 404)["type"] == "/problems/unknown-model"
    assert client.get(f"/runs/{runs[0]}").status_code == 200


def test_a_run_goes_once_no_model_stands_for_it_and_a_rollback_goes_past_it(client, parts, runs):
    """Versions 1 and 3 are of the run that stays, 2 of the one that goes."""
    stays, goes = runs[0], sides.submit(client)
    assert is_problem(client.delete(f"/runs/{goes}"), 409)["type"] == "/problems/run-in-use"
    carry_out(parts, goes)
    checkpoints = client.get(f"/runs/{stays}/checkpoints").json()["checkpoints"]
    assert [found["kind"] for found in checkpoints].count("best") == 1
    for name in ("left", "right"):
        for run in (stays, goes):
            client.put(f"/models/{name}", json={"run": run})
    refused = is_problem(client.delete(f"/runs/{goes}"), 409)
    assert [fault["pointer"] for fault in refused["errors"]] == ["run_id", "run_id"]
    assert [fault["detail"].split()[1] for fault in refused["errors"]] == ["left", "right"]
    client.post("/models/left/rollback")  # version 2 is the newest still: its number must not come twice
    assert "left" in is_problem(client.delete(f"/runs/{goes}"), 409)["detail"]
    assert client.delete("/models/right").status_code == 204
    assert client.put("/models/left", json={"run": goes}).json()["version"] == 3
    assert client.put("/models/left", json={"run": stays}).json()["version"] == 4
    assert client.delete(f"/runs/{goes}").status_code == 204
    assert [version["version"] for version in client.get("/models/left").json()["versions"]] == [4, 1]
    assert client.post("/models/left/rollback").json()["version"] == 1
    assert not parts.storage.exists(f"runs/{goes}")
    for answer in (
        client.get(f"/runs/{goes}"),
        client.delete(f"/runs/{goes}"),
        client.get(f"/runs/{goes}/metrics"),
        client.put("/models/left", json={"run": goes}),
        client.post(f"/predict?run={goes}", content=b"x"),
    ):
        assert is_problem(answer, 404)["type"] == "/problems/unknown-run"


def test_models_are_paged_by_name(client, runs):
    names = [f"page-{letter}" for letter in "dbac"]
    for name in names:
        client.put(f"/models/{name}", json={"run": runs[0]})
    seen, after = [], "page-"
    while after is not None:
        page = client.get("/models", params={"after": after, "limit": 3}).json()
        assert len(page["models"]) <= 3
        seen, after = seen + [model["name"] for model in page["models"]], page["next"]
    assert seen[:4] == sorted(names)
    assert seen == sorted(seen)
    for limit in (0, 1001, "x"):
        is_problem(client.get("/models", params={"limit": limit}), 422)
