"""Odd bodies of POST /runs, each with the exact place and the words of its answer; nothing is guessed in silence."""

import json

import pytest

from tests.app.api.failing import is_problem


def short(**more: object) -> bytes:
    return json.dumps({"dataset": "sides", "target": "side", **more}).encode()


def text(more: str) -> bytes:
    """The short form with more of it, as it is written."""
    return b'{"dataset": "sides", "target": "side", ' + more.encode() + b"}"


UNREADABLE = {
    "an empty body": (b"", "empty document"),
    "no quotes": (b"{dataset: sides}", "line 1 column 2"),
    "a comma too many": (b'{"dataset": "sides", "target": "side",}', "trailing comma"),
    "cut": (b'{"dataset": "sides"', "unexpected end"),
    "two documents": (b'{"dataset": "sides", "target": "side"}{}', "after document"),
    "NaN": (text('"max_runtime_s": NaN'), "unexpected character"),
    "Infinity": (text('"max_runtime_s": Infinity'), "unexpected character"),
    "1e400": (text('"max_runtime_s": 1e400'), "infinity"),
    "a whole number of 5,000 digits": (text('"seed": 1' + "0" * 5000), "infinity"),
    "a byte order mark": (b"\xef\xbb\xbf" + short(), "BOM"),
    "UTF-16": (short().decode().encode("utf-16"), "UTF-8"),
    "Latin-1": ('{"dataset": "sides", "target": "sidé"}'.encode("latin-1"), "UTF-8"),
    "half a surrogate pair": (b'{"dataset": "sides", "target": "\\ud800"}', "surrogate"),
    "a NUL": (text('"name": "a\\u0000b"'), "NUL"),
    "lists 5,000 deep": (text('"x": ' + "[" * 5000 + "]" * 5000), "depth limit"),
    "a key twice": (b'{"dataset": "sides", "dataset": "other", "target": "side"}', "'dataset' stands twice"),
    "a key twice further in": (text('"plan": {"steps": 1, "steps": 2}'), "'steps' stands twice"),
}


@pytest.mark.parametrize(("body", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_400_with_the_reason(client, dataset, body, words):
    answer = client.post("/runs", content=body, headers={"content-type": "application/json"})
    assert words in is_problem(answer, 400)["detail"]


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"3", b"true"], ids=str)
def test_what_is_no_object_is_said(client, body):
    answer = client.post("/runs", content=body, headers={"content-type": "application/json"})
    assert "must be a JSON object" in is_problem(answer, 422)["detail"]


DEEP = '{"globals": ' + '{"a": ' * 600 + "1" + "}" * 600 + "}"
REFUSED = {
    "neither data set nor target": (b"{}", {"/dataset": "is missing", "/target": "is missing"}),
    "no data set": (b'{"target": "side"}', {"/dataset": "is missing"}),
    "no target": (b'{"dataset": "sides"}', {"/target": "or several as `targets`"}),
    "a data set that is a number": (short(dataset=7), {"/dataset": "Put it in quotes"}),
    "a data set without a name": (short(dataset=""), {"/dataset": "1 to 1000"}),
    "a path for a data set": (short(dataset="../../etc/passwd"), {"/dataset": "no data set has the name"}),
    "a target in a list": (short(target=["side"]), {"/target": 'go into the list "targets"'}),
    "a target with its kind": (short(target={"name": "side", "type": "categorical"}), {"/target": '"targets": [{'}),
    "targets that are no list": (b'{"dataset": "sides", "targets": "side"}', {"/targets": "write a list"}),
    "no targets": (b'{"dataset": "sides", "targets": []}', {"/targets": "not empty"}),
    "a target twice": (b'{"dataset": "sides", "targets": ["side", "side"]}', {"/targets/1": "name it once"}),
    "target beside targets": (short(targets=["level"]), {"/targets": "stands beside `target`"}),
    "a target in another case": (short(target="Side"), {"/target": 'the nearest is "side"'}),
    "a target with a space": (short(target=" side"), {"/target": 'the nearest is "side"'}),
    "a key in another case": (short(Preset="auto"), {"/Preset": "nearest known one is 'preset'"}),
    "an unknown preset": (short(preset="fast"), {"/preset": 'write "auto"'}),
    "no bytes": (short(max_length=0), {"/max_length": "from 1 to"}),
    "too many bytes": (short(max_length=10**9), {"/max_length": "from 1 to 16777216"}),
    "a whole number with a point": (short(seed=1.0), {"/seed": "Write 1."}),
    "no time": (short(max_runtime_s=0), {"/max_runtime_s": "above 0"}),
    "a time in quotes": (short(max_runtime_s="60"), {"/max_runtime_s": "Take away the quotes"}),
    "a time of true": (short(max_runtime_s=True), {"/max_runtime_s": "are no numbers"}),
    "a word for tags": (short(tags="a"), {"/tags": "write a list"}),
    "51 tags": (short(tags=["a"] * 51), {"/tags": "0 to 50 items"}),
    "a long name": (short(name="x" * 201), {"/name": "1 to 200 characters"}),
    "a name on two lines": (short(name="a\nb"), {"/name": "control characters"}),
    "a plan of no files": (short(plan={"batch": 0}), {"/plan/batch": "from 1"}),
    "a word for a plan": (short(plan="auto"), {"/plan": "write an object"}),
    "steps as a power": (text('"plan": {"steps": 1e3}'), {"/plan/steps": "Write 1000."}),
    "a seed below 0": (short(seed=-1), {"/seed": "at least 0"}),
    "classes as numbers": (
        b'{"dataset": "sides", "targets": [{"name": "side", "type": "continuous"}]}',
        {"/targets/0/name": "take it as categorical"},
    ),
    "an unknown type": (
        b'{"dataset": "sides", "targets": [{"name": "side", "type": "numeric"}]}',
        {"/targets/0/type": 'one of "categorical", "continuous"'},
    ),
    "a target without a name": (
        b'{"dataset": "sides", "targets": [{"type": "categorical"}]}',
        {"/targets/0/name": "is missing"},
    ),
    "both forms at once": (
        short(globals={}),
        {"/target": "belongs to the short form", "/output/output_type_info": "names no target"},
    ),
    "an empty full form": (
        b'{"globals": {}}',
        {"/input/input_info/input_source": "names no data set", "/output/output_type_info": "names no target"},
    ),
    "two inputs": (
        b'{"dataset": "sides", "input": [{}, {}], "output": {"output_type_info": {"target_cat_columns": ["side"]}}}',
        {"/input": "this list has 2"},
    ),
    "an input that is a word": (
        b'{"dataset": "sides", "input": "x", "output": {"output_type_info": {"target_cat_columns": ["side"]}}}',
        {"/input": "write an object"},
    ),
    "a section of null": (
        b'{"dataset": "sides", "globals": null, "output": {"output_type_info": {"target_cat_columns": ["side"]}}}',
        {"/globals": "Leave the key out, or write {}"},
    ),
    "objects 600 deep": (
        DEEP.encode(),
        {
            "/globals/a": "unknown key",
            "/input/input_info/input_source": "names no data set",
            "/output/output_type_info": "names no target",
        },
    ),
}


@pytest.mark.parametrize(("body", "faults"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_422_at_its_place_with_its_mend_and_nothing_else(client, dataset, body, faults):
    answer = client.post("/runs", content=body, headers={"content-type": "application/json"})
    found = {fault["pointer"]: fault["detail"] for fault in is_problem(answer, 422)["errors"]}
    assert set(found) == set(faults)
    for at, words in faults.items():
        assert words in found[at]


def test_of_many_faults_a_hundred_are_told(client, dataset):
    answer = client.post("/runs", json=json.loads(short(**{f"k{number}": 1 for number in range(500)})))
    assert len(is_problem(answer, 422)["errors"]) == 100


@pytest.mark.parametrize(
    "more",
    [{"name": "Ünïcødé 名前"}, {"tags": ["🎵"]}, {"max_runtime_s": 1e-3}, {"seed": 2**63 - 1}],
    ids=["another script", "a sign", "no time at all", "a large seed"],
)
def test_what_is_odd_and_sound_is_taken(client, dataset, more):
    answer = client.post("/runs", json=json.loads(short(**more)), params={"validate": "true"})
    assert answer.status_code == 200, answer.text


def test_a_schema_may_be_asked_for_by_its_part(client):
    whole = client.get("/config/schema").json()
    assert {"ShortForm", "FullForm"} <= set(whole["$defs"])
    part = client.get("/config/schema", params={"part": "fusion"}).json()
    assert part["$defs"]["FusionConfig"] == whole["$defs"]["FusionConfig"]
    assert "ShortForm" not in part["$defs"]
    is_problem(client.get("/config/schema", params={"part": "trio"}), 422)
