"""A stream of points that breaks off goes on where it was: joined, its pieces are the list of points."""

import json

import pytest

from app.api import live
from app.services.jobs.outcomes import JobEnd
from app.services.runs.lease import finish, record_points
from models.training.report import Point
from tests.app.api import sides
from tests.app.api.driver import lease_of
from tests.app.api.failing import is_problem

CUTS = 20


def point(step: int, name: str = "loss") -> Point:
    return Point(step=step, epoch=step / 4, split="train", target="side", name=name, value=1 / step)


class Listener:
    """What an EventSource keeps (HTML standard, section 9.2.6): an event counts once its blank line has come."""

    def __init__(self, client, path: str) -> None:
        self.client, self.path, self.last = client, path, None
        self.events: list[tuple[str, dict]] = []

    def listen(self, hang_up) -> str:
        """Read until the stream ends or `hang_up(line)` says so; the last line that came."""
        headers = {"accept": "text/event-stream"} | ({"last-event-id": self.last} if self.last else {})
        fields: dict[str, str] = {}
        line = ""
        with self.client.stream("GET", self.path, headers=headers) as answer:
            assert answer.status_code == 200
            for line in answer.iter_lines():
                if line.startswith(":"):
                    pass
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif fields:
                    self.last = fields["id"]
                    self.events.append((fields["event"], json.loads(fields["data"])))
                    fields = {}
                if hang_up(line):
                    break
        return line

    def points(self) -> list[int]:
        return [data["cursor"] for kind, data in self.events if kind == "point"]


@pytest.mark.parametrize("name", [None, "acc"])
def test_a_stream_that_is_cut_twenty_times_has_every_point_once(client, parts, dataset, monkeypatch, name):
    """Cut after an event, within one, and right after a keep-alive; points come before and while it listens."""
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.0)
    monkeypatch.setattr(live, "POLL_S", 0.005)
    run = sides.submit(client)
    lease = lease_of(parts, run)
    path = f"/runs/{run}/metrics" + (f"?name={name}" if name else "")
    listener = Listener(client, path)
    cuts = ((lambda line: line == ""), (lambda line: line.startswith("id")), (lambda line: line.startswith(":")))
    for cut in range(CUTS):
        record_points(parts, lease, [point(3 * cut + n, kind) for n in (1, 2) for kind in ("loss", "acc")])
        late = [point(3 * cut + 3, kind) for kind in ("loss", "acc")]

        def hang_up(line, late=late, wanted=cuts[cut % 3]) -> bool:
            if late and line.startswith("data"):
                record_points(parts, lease, [late.pop() for _ in range(2)])
            return wanted(line)

        assert listener.listen(hang_up) or cut % 3 == 0
    finish(parts, lease, JobEnd("succeeded", "finished"))
    listener.listen(lambda line: False)
    listed = client.get(path, params={"limit": 10_000} | ({"name": name} if name else {})).json()["points"]
    assert len(listed) >= 2 * CUTS
    assert listener.points() == [found["cursor"] for found in listed]
    assert [kind for kind, _ in listener.events].count("end") == 1
    assert listener.events[-1] == ("end", {"status": "succeeded", "next": int(listener.last)})
    before = len(listener.events)
    listener.listen(lambda line: False)  # after the end: nothing but the end again
    assert [kind for kind, _ in listener.events[before:]] == ["end"]


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "99", "2147483648", "1" * 400, "null"])
def test_an_id_that_the_stream_never_sent_is_a_problem(client, parts, dataset, last):
    run = sides.submit(client)
    headers = {"accept": "text/event-stream", "last-event-id": last}
    assert is_problem(client.get(f"/runs/{run}/metrics", headers=headers), 422)["errors"]
    client.post(f"/runs/{run}/cancel")


def test_a_listener_is_told_of_each_pause_once_and_stays_to_the_end(client, parts, dataset, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.0)
    monkeypatch.setattr(live, "POLL_S", 0.005)
    run = sides.submit(client)
    listener = Listener(client, f"/runs/{run}/metrics")
    client.post(f"/runs/{run}/pause")
    heard = iter(range(1000))

    def hang_up(line) -> bool:
        if line == ": the run is paused" and next(heard) == 5:
            client.post(f"/runs/{run}/resume")
            lease = lease_of(parts, run)
            record_points(parts, lease, [point(1)])
            finish(parts, lease, JobEnd("succeeded", "finished"))
        return False

    listener.listen(hang_up)
    assert [kind for kind, _ in listener.events] == ["paused", "point", "end"]
    assert listener.events[0] == ("paused", {"status": "paused", "next": 0})
    assert listener.events[-1] == ("end", {"status": "succeeded", "next": 1})
