"""Points over HTTP: one cursor through JSON, CSV and events; 304 while nothing is new; curves as pictures."""

import csv
import io
import json
import threading
from dataclasses import replace

import pytest

from app.services.jobs.outcomes import JobEnd
from app.services.runs.lease import finish, record_points
from models.training.report import Point
from tests.app.api import sides
from tests.app.api.driver import lease_of
from tests.app.api.failing import is_problem
from tests.app.api.waiting import wait_until
from tests.support.runs import checkpointed


def point(step: int, name: str = "loss", split: str = "train", target: str | None = "side") -> Point:
    return Point(step=step, epoch=step / 4, split=split, target=target, name=name, value=1 / step)


@pytest.fixture
def live(client, parts, dataset):
    """A run that is held by this test, and its lease."""
    run = sides.submit(client)
    lease = lease_of(parts, run)
    yield run, lease
    if client.get(f"/runs/{run}").json()["status"] == "running":
        finish(parts, lease, JobEnd("succeeded", "finished"))


def events_of(lines) -> list[tuple[str, str, dict]]:
    """(event, id, data) of a finished stream."""
    found, fields = [], {}
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            found.append((fields["event"], fields["id"], json.loads(fields["data"])))
            fields = {}
    return found


def test_points_come_page_by_page_in_the_order_of_their_cursor(client, parts, live):
    run, lease = live
    record_points(parts, lease, [point(step) for step in range(1, 8)])
    got, after = [], 0
    while page := client.get(f"/runs/{run}/metrics", params={"after": after, "limit": 3}).json():
        if not page["points"]:
            break
        assert len(page["points"]) <= 3
        assert page["next"] > after
        got, after = got + page["points"], page["next"]
    assert page == {"points": [], "next": after}
    assert [found["step"] for found in got] == list(range(1, 8))
    assert got[0].keys() == {"cursor", "step", "epoch", "split", "target", "name", "value", "time"}
    assert got[0]["time"].endswith("Z")


def test_points_are_filtered(client, parts, live):
    run, lease = live
    mixed = [point(1), point(1, "acc"), point(1, "loss", "valid"), point(1, "loss", "valid", None)]
    record_points(parts, lease, mixed)

    def found(**params):
        points = client.get(f"/runs/{run}/metrics", params=params).json()["points"]
        return [(p["name"], p["split"], p["target"]) for p in points]

    assert found(name="acc") == [("acc", "train", "side")]
    assert found(split="valid") == [("loss", "valid", "side"), ("loss", "valid", None)]
    assert found(split="valid", target="") == [("loss", "valid", None)]
    assert found(name="nosuch") == []


def test_nothing_new_is_304_also_for_an_empty_answer(client, parts, live):
    run, lease = live
    path = f"/runs/{run}/metrics"
    empty = client.get(path)
    assert empty.json() == {"points": [], "next": 0}
    condition = {"if-none-match": empty.headers["etag"]}
    assert client.get(path, headers=condition).status_code == 304
    record_points(parts, lease, [point(1)])
    new = client.get(path, headers=condition)
    assert (new.status_code, len(new.json()["points"])) == (200, 1)
    condition = {"if-none-match": new.headers["etag"]}
    assert client.get(path, params={"after": 1}, headers=condition).status_code == 304
    finish(parts, lease, JobEnd("succeeded", "finished"))
    assert client.get(path, headers=condition).status_code == 200


def test_the_tag_of_a_page_is_no_304_for_the_next_page(client, parts, live):
    run, lease = live
    record_points(parts, lease, [point(step) for step in range(1, 4)])
    path = f"/runs/{run}/metrics"
    first = client.get(path, params={"limit": 1})
    condition, following = {"if-none-match": first.headers["etag"]}, first.json()["next"]
    assert client.get(path, params={"limit": 1}, headers=condition).status_code == 304
    second = client.get(path, params={"after": following}, headers=condition)
    assert [found["step"] for found in second.json()["points"]] == [2, 3]


def test_csv_has_the_same_points(client, parts, live):
    run, lease = live
    record_points(parts, lease, [point(1, target=None), point(2)])
    answer = client.get(f"/runs/{run}/metrics", headers={"accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["step"], row["target"], float(row["value"])) for row in rows] == [("1", "", 1.0), ("2", "side", 0.5)]
    assert answer.headers["x-next"] == rows[-1]["cursor"]
    assert answer.headers["etag"] != client.get(f"/runs/{run}/metrics").headers["etag"]


def test_a_stream_brings_what_is_there_what_comes_and_the_end(client, parts, live):
    run, lease = live
    record_points(parts, lease, [point(1), point(2)])
    lines: list[str] = []

    def read() -> None:
        with client.stream("GET", f"/runs/{run}/metrics", headers={"accept": "text/event-stream"}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                lines.append(line)

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: sum(line.startswith("data") for line in lines) == 2)
    record_points(parts, lease, [point(3)])
    wait_until(lambda: sum(line.startswith("data") for line in lines) == 3)
    record_points(parts, lease, [point(4)])
    finish(parts, lease, JobEnd("succeeded", "finished"))
    reader.join(60)
    assert not reader.is_alive()
    events = events_of(lines)
    assert [(kind, data.get("step")) for kind, _, data in events] == [
        *(("point", step) for step in (1, 2, 3, 4)),
        ("end", None),
    ]
    assert [int(id_) for _, id_, _ in events[:4]] == [data["cursor"] for _, _, data in events[:4]]
    assert events[-1][2]["status"] == "succeeded"


def test_a_stream_goes_on_after_the_last_event_id(client, parts, live):
    run, lease = live
    record_points(parts, lease, [point(step) for step in (1, 2, 3)])
    finish(parts, lease, JobEnd("succeeded", "finished"))
    sse = {"accept": "text/event-stream"}
    whole = events_of(client.get(f"/runs/{run}/metrics", headers=sse).text.split("\n"))
    rest = client.get(f"/runs/{run}/metrics", params={"after": 0}, headers={**sse, "last-event-id": whole[0][1]})
    assert events_of(rest.text.split("\n")) == whole[1:]
    is_problem(client.get(f"/runs/{run}/metrics", headers={**sse, "last-event-id": "x"}), 422)
    is_problem(client.get(f"/runs/{run}/metrics", headers={**sse, "last-event-id": "9999"}), 422)


def test_a_stream_is_filtered_like_a_page(client, parts, live):
    run, lease = live
    mixed = [
        point(1),
        point(1, "acc"),
        point(2, "loss", "valid"),
        point(2, "loss", "valid", None),
        point(2, target="level"),
    ]
    record_points(parts, lease, mixed)
    finish(parts, lease, JobEnd("succeeded", "finished"))

    def found(**params):
        answer = client.get(f"/runs/{run}/metrics", params=params, headers={"accept": "text/event-stream"})
        events = [data for kind, _, data in events_of(answer.text.split("\n")) if kind == "point"]
        return [(p["name"], p["split"], p["target"]) for p in events]

    assert found(target="level") == [("loss", "train", "level")]
    assert found(target="") == [("loss", "valid", None)]
    assert found(target="side", name="acc") == [("acc", "train", "side")]
    assert len(found()) == len(mixed)


@pytest.mark.parametrize("params", [{"after": -1}, {"after": "x"}, {"limit": 0}, {"limit": 10_001}, {"split": "test"}])
def test_wrong_parameters_are_422(client, live, params):
    is_problem(client.get(f"/runs/{live[0]}/metrics", params=params), 422)


def test_curves_are_drawn_as_svg_and_png(client, parts, live):
    run, lease = live
    record_points(parts, lease, [point(step, "acc", split) for step in (1, 2) for split in ("train", "valid")])
    svg = client.get(f"/runs/{run}/curves/acc.svg")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert b"<svg" in svg.content[:2000]
    assert client.get(f"/runs/{run}/curves/acc.png").content.startswith(b"\x89PNG\r\n\x1a\n")
    assert client.get(f"/runs/{run}/curves/acc.svg", headers={"if-none-match": svg.headers["etag"]}).status_code == 304
    assert is_problem(client.get(f"/runs/{run}/curves/mcc.svg"), 404)["type"] == "/problems/unknown-metric"
    is_problem(client.get(f"/runs/{run}/curves/acc.gif"), 422)


def test_a_picture_of_several_runs_and_its_look_are_asked_for_in_the_query(client, parts, live):
    run, lease = live
    record_points(parts, lease, [point(step, "acc", "valid") for step in (1, 2)])
    path = f"/runs/{run}/curves/acc.svg"
    plain = client.get(path)
    looks = [client.get(path, params=look) for look in ({"theme": "dark"}, {"log": "true"}, {"runs": f"{run},"})]
    assert [found.status_code for found in looks] == [200] * 3
    assert len({found.headers["etag"] for found in [plain, *looks[:2]]}) == 3
    assert is_problem(client.get(path, params={"runs": "nosuch"}), 404)["type"] == "/problems/unknown-run"
    is_problem(client.get(path, params={"theme": "blue"}), 422)
    record_points(parts, lease, [replace(point(3, "acc"), value=-0.5)])
    assert is_problem(client.get(path, params={"log": "true"}), 422)["errors"][0]["pointer"] == "log"


def test_a_curve_whose_best_checkpoint_moved_is_drawn_anew(client, parts, live):
    """The points come before the checkpoint of their step: a picture drawn in between has the old ring."""
    run, lease = live
    record_points(parts, lease, [point(step, "acc", "valid") for step in (1, 2)])
    path = f"/runs/{run}/curves/acc.svg"
    before = client.get(path)
    checkpointed(parts, lease, "best", 2, 0.5)
    after = client.get(path, headers={"if-none-match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.content != before.content
    assert client.get(path, headers={"if-none-match": after.headers["etag"]}).status_code == 304
