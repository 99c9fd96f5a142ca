"""Predictions over whole data sets, asked for wrongly or at the wrong time."""

from typing import Any

import httpx

from tests.app.api.odd_inputs.case import Case, Place

_IDS = ("trained", "waiting", "dataset")


def job(body: object, **headers: str):
    """Submit this body; the values trained, waiting and dataset are ids."""

    def send(place: Place) -> httpx.Response:
        sent: Any = body
        if isinstance(body, dict):
            sent = {key: getattr(place, value) if value in _IDS else value for key, value in body.items()}
        return place.client.post("/predictions", json=sent, headers=headers)

    return send


def queued(method: str, path: str, *, times: int = 1, **more: Any):
    """Submit a job and call a path of it, the last of some times."""

    def send(place: Place) -> httpx.Response:
        made = place.client.post("/predictions", json={"dataset": "sides", "run": place.trained})
        assert made.status_code == 202, made.text
        answers = [place.client.request(method, made.headers["location"] + path, **more) for _ in range(times)]
        return answers[-1]

    return send


def after(first: str, method: str, path: str):
    """Submit a job, post to a path of it, then call another."""

    def send(place: Place) -> httpx.Response:
        made = place.client.post("/predictions", json={"dataset": "sides", "run": place.trained}).headers["location"]
        assert place.client.post(made + first).status_code == 202
        return place.client.request(method, made + path)

    return send


CASES = [
    Case("a job over a data set", job({"dataset": "sides", "run": "trained"}), 202, "queued"),
    Case("a job without a run: the newest that succeeded", job({"dataset": "sides"}), 202, "queued"),
    Case("a job over nothing", job({}), 422, "dataset"),
    Case("a job over a data set that is not there", job({"dataset": "side"}), 422, "'sides'"),
    Case("a job of a list", job([]), 422, "object"),
    Case("a job of a run and a model", job({"dataset": "sides", "run": "trained", "model": "m"}), 422, "not both"),
    Case("a job of a run that is not there", job({"dataset": "sides", "run": "nosuch"}), 404, "nosuch"),
    Case("a job of a model that is not there", job({"dataset": "sides", "model": "nosuch"}), 404, "nosuch"),
    Case("a job of a run that has learnt nothing yet", job({"dataset": "sides", "run": "waiting"}), 409, "checkpoint"),
    Case("a job of a step without a run", job({"dataset": "sides", "checkpoint": 3}), 422, "run"),
    Case(
        "a job of a step that was not kept", job({"dataset": "sides", "run": "trained", "checkpoint": 7}), 404, "it has"
    ),
    Case("a job of a step in words", job({"dataset": "sides", "run": "trained", "checkpoint": "7"}), 422, "checkpoint"),
    Case("a job with a key it does not know", job({"dataset": "sides", "runs": "trained"}), 422, "run"),
    Case("a job with a name of 1,000 letters", job({"dataset": "sides", "name": "x" * 1000}), 422, "200"),
    Case("a job's result before its end", queued("GET", "/result"), 409, "queued"),
    Case("a job's result as XML", queued("GET", "/result?format=xml"), 422, "parquet"),
    Case("removing a job that waits", queued("DELETE", ""), 409, "cancel"),
    Case("cancelling a job in the queue", queued("POST", "/cancel"), 202, "cancelled"),
    Case("cancelling it twice", queued("POST", "/cancel", times=2), 202, "cancelled"),
    Case("the result of a cancelled job", after("/cancel", "GET", "/result"), 409, "cancelled"),
    Case("removing a cancelled job", after("/cancel", "DELETE", ""), 204, ""),
    Case("a job that does not exist", lambda place: place.client.get("/predictions/nosuch"), 404, "nosuch"),
    Case(
        "a job's Idempotency-Key for another body",
        job({"dataset": "sides", "name": "other"}, **{"idempotency-key": "odd"}),
        422,
        "another body",
    ),
]
