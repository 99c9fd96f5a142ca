"""Predictions of every length that is an edge: of a window, of what the model reads, of one byte, of far too many."""

import random

import pytest

from tests.app.api import sides
from tests.app.api.driver import carry_out
from tests.app.api.failing import is_problem
from tests.models.config.bodies import tutorial

SIZES = [1, 2, 127, 128, 129, 1023, 1024, 1025, 1152, 1_048_577]
LIMIT = 1024


def small(body):
    """The tutorial's model with its window of 128 bytes and input of 1,024, made as small as it can be."""
    body["globals"]["basic_experiment"]["n_epochs"] = 1
    body["input"]["model_config"] |= {
        "embedding_dim": 8,
        "model_init_config": {"num_layers": 1, "num_heads": 2, "dim_feedforward": 8},
    }
    body["input"]["input_info"]["input_source"] = body["output"]["output_info"]["output_source"] = "edges"
    body["output"]["output_type_info"] = {"target_cat_columns": ["side"], "target_con_columns": ["level"]}
    return body


@pytest.fixture(scope="module")
def dataset(client):
    """Files of one byte among files up to 1,300."""
    draw = random.Random(3)
    sizes = [1, 1, 1, 1, 127, 128, 129, 1024, 1025, 1300] * 4
    files = {
        f"{i:03d}.bin": bytes(128 * (i % 2) + draw.randrange(128) for _ in range(size)) for i, size in enumerate(sizes)
    }
    form = {"labels": ("l.csv", sides.labels(list(files))), "archive": ("a.tar.gz", sides.archive(files))}
    assert client.post("/datasets", data={"name": "edges"}, files=form).status_code == 201


@pytest.fixture(scope="module", params=["full", "short"])
def run(client, parts, dataset, request):
    full = {**small(tutorial()), "plan": sides.PLAN}
    body = full if request.param == "full" else sides.body("edges")
    answer = client.post("/runs", json=body)
    assert answer.status_code == 202, answer.text
    carry_out(parts, answer.json()["id"])
    return answer.json()["id"]


def reads_of(client, run) -> int | None:
    """How many of the first bytes the model reads; None for one that reads whole files."""
    model = client.get(f"/runs/{run}").json()["config"]["input"]
    whole = model["model_config"]["model_type"] == "octet"
    return None if whole else model["input_type_info"]["max_length"]


@pytest.mark.parametrize("fill", [b"\0", b"\xff", b"ab"], ids=["zeros", "0xff", "text"])
def test_every_length_has_a_finite_answer_and_is_counted(client, run, fill):
    reads = reads_of(client, run)
    for size in SIZES:
        answer = client.post("/predict", params={"run": run}, content=(fill * size)[:size])
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["bytes"], found["read"]) == (size, min(size, reads or size))
        [outputs] = found["outputs"].values()
        assert sum(outputs["side"]["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert abs(outputs["level"]["value"]) < 1e6


def test_what_lies_behind_the_read_bytes_changes_nothing_and_where_all_are_read_it_does(client, run):
    reads = reads_of(client, run)
    head = bytes(i % 256 for i in range(reads or LIMIT))
    short, long = (
        client.post("/predict", params={"run": run}, content=head + tail).json() for tail in (b"", b"other" * 9999)
    )
    assert (short["outputs"] == long["outputs"]) == (reads is not None)


def test_a_form_of_every_length_at_once(client, run):
    files = [("file", (str(size), bytes(size))) for size in SIZES]
    answer = client.post("/predict", params={"run": run}, files=files).json()["predictions"]
    assert [one["bytes"] for one in answer] == SIZES
    empty = client.post("/predict", params={"run": run}, files=[*files, ("file", ("0", b""))])
    assert is_problem(empty, 422)["errors"][0]["detail"] == "the file is empty"
