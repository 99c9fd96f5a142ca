"""Files to predict as people send them: empty, long, wrongly wrapped, for runs that cannot answer."""

import base64
import json
from typing import Any

import httpx

from tests.app.api.odd_inputs.case import Case, Place

JSON = "application/json"


def raw(content: bytes, kind: str | None = None, **query: Any):
    """One file as the body, to the trained run unless the query says otherwise."""

    def send(place: Place) -> httpx.Response:
        ids = {"TRAINED": place.trained, "WAITING": place.waiting}
        asked = {key: ids.get(str(value), value) for key, value in (query or {"run": "TRAINED"}).items()}
        headers = {} if kind is None else {"content-type": kind}
        return place.client.post("/predict", params=asked, content=content, headers=headers)

    return send


def eir(content: object):
    """EIR's form."""
    return raw(content if isinstance(content, bytes) else json.dumps(content).encode(), JSON)


def parts(*named: tuple[str, tuple[str | None, bytes]]):
    """A multipart form."""

    def send(place: Place) -> httpx.Response:
        return place.client.post("/predict", params={"run": place.trained}, files=list(named))

    return send


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


CASES = [
    Case("an empty file", raw(b""), 422, "empty"),
    Case("one byte", raw(b"x"), 200, "read 1 of 1"),
    Case("one zero byte", raw(b"\0"), 200, "read 1 of 1"),
    Case("a file longer than any in training", raw(b"long " * 100_000), 200, "of 500000 bytes"),
    Case("all 256 byte values", raw(bytes(range(256))), 200, "of 256 bytes"),
    Case("a content type that does not exist", raw(b"x", "nonsense/;;"), 200, "read 1 of 1"),
    Case("predicting by a run that does not exist", raw(b"x", run="nosuch"), 404, "nosuch"),
    Case("a run that has learnt nothing yet", raw(b"x", run="WAITING"), 409, "checkpoint"),
    Case("a model that does not exist", raw(b"x", model="nosuch"), 404, "nosuch"),
    Case("run and model", raw(b"x", run="TRAINED", model="a"), 422, "run"),
    Case("a step without a run", raw(b"x", checkpoint=1), 422, "run"),
    Case("a step that was not kept", raw(b"x", run="TRAINED", checkpoint=999_999), 404, "it has"),
    Case("a step in words", raw(b"x", run="TRAINED", checkpoint="best"), 422, "checkpoint"),
    Case("an unknown parameter of predict", raw(b"x", run_id="TRAINED"), 422, "run"),
    Case("EIR's form", eir([{"input": b64(b"x")}]), 200, "1 results"),
    Case("EIR's form without a list", eir({"input": b64(b"x")}), 422, "list"),
    Case("EIR's form, an empty list", eir([]), 422, "list"),
    Case("EIR's form, another input's name", eir([{"text": b64(b"x")}]), 422, "input"),
    Case("EIR's form, two inputs", eir([{"input": b64(b"x"), "more": b64(b"x")}]), 422, "more"),
    Case("EIR's form, no text", eir([{"input": 7}]), 422, "base64"),
    Case("EIR's form, wrong base64", eir([{"input": "@@@"}]), 422, "base64"),
    Case("EIR's form, an empty file", eir([{"input": ""}]), 422, "empty"),
    Case("EIR's form, one wrong of two", eir([{"input": b64(b"x")}, {"input": "@"}]), 422, "/1/input"),
    Case("EIR's form, cut short", eir(b'[{"input": "'), 400, "JSON"),
    Case("two files in a form", parts(("file", ("a", b"x")), ("file", ("b", b"y"))), 200, "2 predictions"),
    Case("a form without a file", parts(("files", ("a", b"x"))), 422, "file"),
    Case("a form with an empty file", parts(("file", ("a", b""))), 422, "empty"),
    Case("a form without a boundary", raw(b"x", "multipart/form-data"), 400, "boundary"),
    Case(
        "a form cut short",
        raw(b"--x\r\nContent-Disposition: form-data", "multipart/form-data; boundary=x"),
        400,
        "boundary",
    ),
]
