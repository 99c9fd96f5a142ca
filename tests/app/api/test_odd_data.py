"""Reports from users of other systems about labels, each tried over HTTP with real training: nothing is lost or NaN."""

import base64
import math
import random

import pytest

from tests.app.api.driver import carry_out
from tests.app.api.failing import is_problem
from tests.app.api.sides import archive

WORDS = (("good", "fine", "great"), ("bad", "poor", "dull"))
RAW = {"content-type": "application/octet-stream"}


def tiny() -> dict[str, bytes]:
    """Forty reviews: even ones are friendly, odd ones are not."""
    draw = random.Random(4)
    return {f"r{i:02d}.txt": " ".join(draw.choices(WORDS[i % 2], k=60 + 2 * i)).encode() for i in range(40)}


def uploaded(client, name, rows, contents, **form):
    """The data set of these labels; rows: the table's lines, the header first."""
    table = ("\n".join(rows) + "\n").encode()
    parts = {"labels": ("labels.csv", table), "archive": ("files.tar.gz", archive(contents))}
    answer = client.post("/datasets", data={"name": name, **form}, files=parts)
    assert answer.status_code == 201, answer.text
    return answer.json()


def body_of(name, cat=(), con=(), **basic):
    """EIR's three objects around a model that fits into a test."""
    blocks = {"layers": [1], "fc_task_dim": 16}
    return {
        "plan": {"steps": 8, "threads": 1},
        "globals": {
            "basic_experiment": {"n_epochs": 2, "batch_size": 8, "valid_size": 0.2, **basic},
            "optimization": {"lr": 3e-3},
            "lr_schedule": {"lr_schedule": "same"},
            "metrics": {"con_metrics": ["loss", "r2", "pcc", "rmse"]},
            "evaluation_checkpoint": {"sample_interval": 4, "checkpoint_interval": 4},
        },
        "input": {
            "input_info": {"input_source": name, "input_name": "text", "input_type": "bytes"},
            "input_type_info": {"max_length": 64},
            "model_config": {
                "model_type": "sequence-default",
                "embedding_dim": 16,
                "window_size": 32,
                "model_init_config": {"num_layers": 1, "num_heads": 2},
            },
        },
        "fusion": {"model_config": blocks},
        "output": {
            "output_info": {"output_name": "out", "output_type": "tabular"},
            "output_type_info": {"target_cat_columns": [*cat], "target_con_columns": [*con]},
            "model_config": {"model_init_config": blocks},
        },
    }


def trained(client, parts, body):
    """The run of a body, carried out, as GET /runs/{id} shows it."""
    answer = client.post("/runs", json=body)
    assert answer.status_code == 202, answer.text
    carry_out(parts, answer.json()["id"])
    run = client.get(f"/runs/{answer.json()['id']}").json()
    assert run["status"] == "succeeded"
    return run


def points_of(client, run):
    return client.get(f"/runs/{run['id']}/metrics", params={"limit": 10_000}).json()["points"]


def outputs(client, content, **where):
    answer = client.post("/predict", params=where, content=content, headers=RAW)
    assert answer.status_code == 200, answer.text
    return answer.json()["outputs"]["out"]


def test_ids_that_look_like_numbers_are_shown_letter_for_letter(client):
    """H1: other tools cut zeros off, or add `.0`."""
    ids = ["007", "7", "0010", "1e3", "1.50", "12345678901234567890"]
    rows = ["ID,kind"] + [f"{name},{'' if name == '1e3' else 'ab'[at % 2]}" for at, name in enumerate(ids)]
    dataset = uploaded(client, "numbered", rows, {f"{name}.txt": name.encode() for name in ids})
    assert (dataset["files"], dataset["problems"]) == (6, [])
    assert dataset["targets"]["kind"] == {**dataset["targets"]["kind"], "labelled": 5, "missing": 1}
    rows = ["ID,kind"] + [f"{name},a" for name in ids[1:]]
    answer = client.post(
        "/datasets",
        data={"name": "numbered less"},
        files={
            "labels": ("l.csv", "\n".join(rows).encode()),
            "archive": ("a.tar.gz", archive({f"{name}.txt": name.encode() for name in ids})),
        },
    )
    (problem,) = answer.json()["problems"]
    assert (problem["kind"], problem["id"]) == ("file_without_label", "007")  # and not the one of `7`


@pytest.fixture(scope="module")
def few_labels(client, parts):
    """H4: a full target, one with a number in three rows, one with a class in four."""
    contents = tiny()
    rare, score = {1: "x", 6: "y", 21: "x", 30: "y"}, {2: 4.5, 13: 1.25, 26: 3.0}
    rows = ["ID,Sentiment,score,rare"]
    rows += [f"{n[:3]},{('pos', 'neg')[i % 2]},{score.get(i, '')},{rare.get(i, '')}" for i, n in enumerate(contents)]
    dataset = uploaded(client, "few labels", rows, contents)
    body = body_of("few labels", cat=["Sentiment", "rare"], con=["score"])
    return dataset, trained(client, parts, body)


def test_labels_that_few_files_have_are_counted_and_give_no_nan(client, few_labels):
    dataset, run = few_labels
    assert {name: target["labelled"] for name, target in dataset["targets"].items()} == {
        "Sentiment": 40,
        "score": 3,
        "rare": 4,
    }
    points = points_of(client, run)
    assert all(math.isfinite(point["value"]) for point in points)
    losses = [point for point in points if (point["name"], point["target"]) == ("loss", None)]
    assert {point["step"] for point in losses if point["split"] == "valid"} == {4, 8}
    measured = {p["target"]: set() for p in points if p["split"] == "valid"}
    for point in points:
        if point["split"] == "valid":
            measured[point["target"]].add(point["name"])
    assert {"acc", "mcc", "roc-auc-macro"} <= measured["Sentiment"]
    assert measured["score"].isdisjoint({"r2", "pcc"})  # one file of validation has a score
    assert "loss" in measured["score"]
    assert "score" in " ".join(run["plan"]["split"]["notes"])


def test_a_model_of_few_labels_answers_for_every_target(client, few_labels):
    _, run = few_labels
    found = outputs(client, b"good fine great", run=run["id"])
    assert set(found) == {"Sentiment", "rare", "score"}
    assert sum(found["rare"]["probabilities"].values()) == pytest.approx(1)
    assert math.isfinite(found["score"]["value"])


def test_a_target_that_validation_holds_no_label_of_is_left_out_and_the_run_succeeds(client, parts, few_labels):
    body = body_of("few labels", cat=["Sentiment"], con=["score"], manual_valid_ids=["r04", "r05", "r07"])
    run = trained(client, parts, body)
    valid = {point["target"] for point in points_of(client, run) if point["split"] == "valid"}
    assert valid == {None, "Sentiment"}
    assert "target 'score': no validation file has a label of it" in " ".join(run["plan"]["split"]["notes"])


@pytest.fixture(scope="module")
def lengths(client, parts):
    """H6: a number of some 20,000s to learn, and one that is the same in every row."""
    contents = tiny()
    rows = ["ID,y,flat"] + [f"{name[:3]},{20000 + 10 * len(data)}.0,3.0" for name, data in contents.items()]
    dataset = uploaded(client, "lengths", rows, contents)
    run = trained(client, parts, body_of("lengths", con=["y", "flat"]))
    assert client.put("/models/lengths", json={"run": run["id"]}).status_code in (200, 201)
    return dataset, run


def test_a_number_is_answered_in_its_own_units_in_every_form(client, lengths):
    _, run = lengths
    content = tiny()["r07.txt"]
    answers = [outputs(client, content, run=run["id"]), outputs(client, content, model="lengths")]
    many = client.post("/predict", params={"run": run["id"]}, files=[("file", ("a.txt", content))]).json()
    answers.append(many["predictions"][0]["outputs"]["out"])
    eir = [{"text": base64.b64encode(content).decode()}]
    found = client.post("/predict", params={"run": run["id"]}, json=eir).json()["result"][0]["out"]
    values = {answer["y"]["value"] for answer in answers} | {found["y"]["y"]}
    assert len(values) == 1
    assert 20_000 < values.pop() < 30_000
    assert {answer["flat"]["value"] for answer in answers} | {found["flat"]["flat"]} == {3.0}


def test_errors_of_a_number_are_in_its_own_units_and_a_constant_has_no_r2(client, lengths):
    dataset, run = lengths
    assert [problem["kind"] for problem in dataset["problems"]] == ["one_value"]
    last = {(p["target"], p["name"]): p["value"] for p in points_of(client, run) if p["split"] == "valid"}
    assert 10 < last["y", "rmse"] < 20_000
    assert ("y", "r2") in last
    assert last["flat", "rmse"] == 0
    assert {("flat", "r2"), ("flat", "pcc")}.isdisjoint(last)


def test_an_infinite_number_is_a_problem_with_its_row(client):
    contents = tiny()
    rows = ["ID,y"] + [f"{name[:3]},{'inf' if i == 9 else i / 2}" for i, name in enumerate(contents)]
    dataset = uploaded(client, "infinite", rows, contents)
    (problem,) = dataset["problems"]
    assert (problem["kind"], problem["id"], problem["row"], problem["column"]) == ("not_finite", "r09", 11, "y")
    assert dataset["targets"]["y"] == {**dataset["targets"]["y"], "type": "continuous", "labelled": 39, "missing": 1}


@pytest.fixture(scope="module")
def sorted_classes(client):
    """H7: ten classes, the table sorted by them: one with one file, two with two, the rest with ten."""
    classes = ["a"] + ["b"] * 2 + ["c"] * 2 + [name for name in "defghij" for _ in range(10)]
    contents = {f"f{i:02d}.txt": f"{name} {i} ".encode() * 8 for i, name in enumerate(classes)}
    rows = ["ID,kind"] + [f"f{i:02d},{name}" for i, name in enumerate(classes)]
    return uploaded(client, "sorted", rows, contents)


@pytest.mark.parametrize("valid_size", [0.1, 2])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rare_classes_are_learnt_and_what_is_not_measured_is_said(client, parts, sorted_classes, valid_size, seed):
    run = trained(client, parts, body_of("sorted", cat=["kind"], valid_size=valid_size, seed=seed))
    found = outputs(client, b"d 5 d 5", run=run["id"])["kind"]["probabilities"]
    assert list(found) == [*"abcdefghij"]
    assert sum(found.values()) == pytest.approx(1)
    split = run["plan"]["split"]
    assert split["valid"] == (8 if valid_size == 0.1 else 2)
    assert split["how"] == "in proportion by 'kind'"
    assert "no file in validation ('a'" in split["notes"][0]
    named = {p["name"] for p in points_of(client, run) if (p["split"], p["target"]) == ("valid", "kind")}
    assert {"acc", "mcc", "roc-auc-macro", "ap-macro"} <= named  # several classes validate


def test_a_target_with_one_class_or_without_labels_is_refused_by_name(client):
    contents = tiny()
    rows = ["ID,one,none"] + [f"{name[:3]},x," for name in contents]
    dataset = uploaded(client, "nothing to learn", rows, contents)
    assert {problem["column"]: problem["kind"] for problem in dataset["problems"]} == {
        "one": "one_class",
        "none": "empty_target",
    }
    for target, words in (("one", "a single class"), ("none", "has 0 labels")):
        answer = client.post("/runs", json={"dataset": "nothing to learn", "target": target})
        assert words in is_problem(answer, 422)["errors"][0]["detail"]


def test_files_of_the_same_bytes_stay_on_one_side_and_the_run_says_so(client, parts):
    contents = tiny()
    twice = contents | {f"s{name[1:]}": data for name, data in contents.items()}
    rows = ["ID,kind"] + [f"{name[:3]},{'ab'[int(name[1:3]) % 2]}" for name in twice]
    uploaded(client, "twice", rows, twice)
    split = trained(client, parts, body_of("twice", cat=["kind"], valid_size=9))["plan"]["split"]
    assert (split["train"], split["valid"]) == (72, 8)
    assert split["notes"] == [
        "80 files have the same bytes as another one (40 groups, the largest of 2): equal files are on one side, so "
        "that no file validates that was trained on",
        "valid_size asks for 9 files and 8 validate, so that equal files stay together and classes are trained on",
    ]
