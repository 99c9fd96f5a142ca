"""Addresses, methods, headers and names that a client gets wrong."""

from typing import Any

import httpx

from tests.app.api.odd_inputs.case import Case, Place


def call(method: str, path: str, **more: Any):
    """One call; {run}, {waiting} and {dataset} in the path are ids."""

    def send(place: Place) -> httpx.Response:
        at = path.format(run=place.trained, waiting=place.waiting, dataset=place.dataset)
        return place.client.request(method, at, **more)

    return send


def promote(which: str):
    """Give a run the name m in the registry."""

    def send(place: Place) -> httpx.Response:
        return place.client.put("/models/m", json={"run": getattr(place, which)})

    return send


def named(name: str):
    """An upload under this name."""
    parts = [("labels", ("l.csv", b"ID,y\na,x\nb,z\n")), ("file", ("a", b"1")), ("file", ("b", b"2"))]
    return call("POST", "/datasets", data={"name": name}, files=parts)


CASES = [
    Case("a path that does not exist", call("GET", "/run"), 404, "/run"),
    Case("a slash at the end", call("GET", "/runs/"), 404, "/runs/"),
    Case("a method the path does not take", call("PATCH", "/runs/{run}"), 405, "GET"),
    Case("a run that does not exist", call("GET", "/runs/nosuch"), 404, "nosuch"),
    Case("a NUL in the address", call("GET", "/runs/%00"), 400, "NUL"),
    Case("an unknown parameter", call("GET", "/runs?stauts=running"), 422, "status"),
    Case("a status that does not exist", call("GET", "/runs?status=done"), 422, "succeeded"),
    Case("a page of 0", call("GET", "/runs?limit=0"), 422, "limit"),
    Case("a page of a million", call("GET", "/runs?limit=1000000"), 422, "limit"),
    Case("a cursor in words", call("GET", "/runs?after=last"), 422, "after"),
    Case("a cursor before the beginning", call("GET", "/runs/{run}/metrics?after=-1"), 422, "after"),
    Case("a cursor of 10^30", call("GET", f"/runs/{{run}}/metrics?after={10**30}"), 422, "cursor"),
    Case("a metric that was not measured", call("GET", "/runs/{run}/curves/f2.svg"), 404, "f2"),
    Case(
        "a curve of nine runs", call("GET", f"/runs/{{run}}/curves/loss.svg?runs={'1,2,3,4,5,6,7,8'}"), 422, "at most 8"
    ),
    Case("a curve in blue", call("GET", "/runs/{run}/curves/loss.svg?theme=blue"), 422, "theme"),
    Case("a curve as .gif", call("GET", "/runs/{run}/curves/loss.gif"), 422, "gif"),
    Case("weights of a step that was not kept", call("GET", "/runs/{run}/checkpoints/99999/weights"), 404, "it has"),
    Case("the last 0 lines of a log", call("GET", "/runs/{run}/log?tail=0"), 422, "tail"),
    Case("the last -5 lines of a log", call("GET", "/runs/{run}/log?tail=-5"), 422, "tail"),
    Case("the last lines of a log, in words", call("GET", "/runs/{run}/log?tail=all"), 422, "tail"),
    Case("the last million lines of a log", call("GET", "/runs/{run}/log?tail=1000000"), 422, "100000"),
    Case("the last lines of a log, twice", call("GET", "/runs/{run}/log?tail=5&tail=6"), 422, "twice"),
    Case("the last lines of an attempt that was not made", call("GET", "/runs/{run}/log?tail=5&attempt=9"), 404, "9"),
    Case("the last lines of a run that waits", call("GET", "/runs/{waiting}/log?tail=5"), 404, "no log"),
    Case("cancelling a run that has ended", call("POST", "/runs/{run}/cancel"), 409, "succeeded"),
    Case("pausing a run that has ended", call("POST", "/runs/{run}/pause"), 409, "succeeded"),
    Case("resuming a run that has ended", call("POST", "/runs/{run}/resume"), 409, "succeeded"),
    Case("resuming a run that waits", call("POST", "/runs/{waiting}/resume"), 202, "sound"),
    Case("deleting a data set in use", call("DELETE", "/datasets/{dataset}"), 409, "use"),
    Case("deleting a run that waits", call("DELETE", "/runs/{waiting}"), 409, "cancel"),
    Case("promoting a run that has learnt nothing", promote("waiting"), 409, "checkpoint"),
    Case("promoting nothing", call("PUT", "/models/m", json={}), 422, "run"),
    Case("promoting under a name with a slash", call("PUT", "/models/a/b", json={"run": "x"}), 404, "/models/a/b"),
    Case("rolling back a name that does not exist", call("POST", "/models/nosuch/rollback"), 404, "nosuch"),
    Case(
        "a body compressed by HTTP",
        call("POST", "/runs", content=b"x", headers={"content-encoding": "gzip", "content-type": "application/json"}),
        415,
        "gzip",
    ),
    Case("a run as a form", call("POST", "/runs", data={"dataset": "sides"}), 415, "application/json"),
    Case("a data set as JSON", call("POST", "/datasets", json={"name": "x"}), 415, "multipart"),
    Case("an upload without anything", call("POST", "/datasets", files={"name": (None, "")}), 422, "/archive: missing"),
    Case("a field the upload does not know", call("POST", "/datasets", files={"label": ("l.csv", b"")}), 422, "label"),
    Case("a data set without a name", named(""), 422, "name"),
    Case("a data set with a slash in its name", named("a/b"), 422, "slash"),
    Case("a data set called ..", named(".."), 422, ".."),
    Case("a data set name of 1,000 letters", named("x" * 1000), 422, "200"),
    Case("a data set name with a line break", named("a\nb"), 422, "control"),
    Case("other content under a name that is taken", named("sides"), 409, "sides"),
    Case(
        "an Idempotency-Key of 1,000 letters",
        call("POST", "/runs", json={"dataset": "sides", "target": "side"}, headers={"idempotency-key": "x" * 1000}),
        422,
        "1000",
    ),
    Case(
        "an Idempotency-Key of another body",
        call("POST", "/runs", json={"dataset": "sides", "target": "level"}, headers={"idempotency-key": "odd"}),
        422,
        "another body",
    ),
    Case(
        "a Last-Event-ID in words",
        call("GET", "/runs/{run}/metrics", headers={"accept": "text/event-stream", "last-event-id": "x"}),
        422,
        "last-event-id",
    ),
    Case(
        "an Accept that nothing here fits: JSON",
        call("GET", "/runs/{run}/metrics", headers={"accept": "application/xml"}),
        200,
        "points",
    ),
]
