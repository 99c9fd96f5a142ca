"""`octet runs compare` and `octet runs curve`: runs beside each other, in numbers and as pictures."""

import json

import pytest


def test_runs_are_compared_by_results_and_by_the_keys_that_differ(desk, run_id, other_id):
    done = desk.octet("runs", "compare", run_id, other_id)
    assert done.returncode == 0, done.stderr
    rows = {key: values for key, *values in (line.split("\t") for line in done.stdout.splitlines())}
    assert rows["name"] == ["sides", "other"]
    assert rows["steps"] == ["40", "12"]
    assert rows["input.model_config.model_type"] == ["sequence-default", "octet"]
    assert "input.input_info.input_source" not in rows, "the same in both"
    found = json.loads(desk.octet("runs", "compare", run_id, other_id, "--json").stdout)
    assert found["runs"] == [run_id, other_id]
    assert found["results"]["status"] == ["succeeded", "succeeded"]
    assert all(isinstance(value, float) for value in found["results"]["best average"])
    assert found["config"]["input.model_config.model_type"] == ["sequence-default", "octet"]


def test_one_run_alone_is_not_compared(desk, run_id):
    done = desk.octet("runs", "compare", run_id, run_id)
    assert (done.returncode, "name two or more" in done.stderr) == (2, True)
    assert desk.octet("runs", "compare", run_id, "nosuch").returncode == 4


def test_a_curve_is_drawn_with_training_validation_and_the_best(desk, run_id):
    done = desk.octet("runs", "curve", run_id, "loss", "--log")
    assert done.returncode == 0, done.stderr
    for words in ("sides: loss (logarithmic)", "⣿ train", "⣿ valid", "● best", "steps"):
        assert words in done.stdout
    points = json.loads(desk.octet("runs", "curve", run_id, "LOSS", "--json").stdout)
    assert {point["split"] for point in points} == {"train", "valid"}
    assert {point["run"] for point in points} == {run_id}


def test_without_a_run_the_newest_is_drawn(desk, run_id, newest_id):
    done = desk.octet("runs", "curve", "loss")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("newest: loss")
    wrong = desk.octet("runs", "curve", run_id)
    assert (wrong.returncode, f"has no metric {run_id}; there are" in wrong.stderr) == (4, True), wrong.stderr


def test_several_runs_are_drawn_over_each_other_without_colours_each_by_its_letter(desk, run_id, other_id):
    done = desk.octet("runs", "curve", run_id, other_id, "acc")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("acc of side\n")
    assert "s sides  o other" in done.stdout
    both = desk.octet("runs", "curve", run_id, other_id, "acc", "--split", "both").stdout
    assert "sides, train" in both
    assert "other, valid" in both


def test_pictures_are_written_light_and_dark_of_one_run_or_several(desk, run_id, other_id):
    assert desk.octet("runs", "curve", run_id, "loss", "--out", "light.svg").returncode == 0
    done = desk.octet("runs", "curve", run_id, other_id, "loss", "--out", "dark.svg", "--dark", "--log")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "loss -> dark.svg\n")
    light, dark = ((desk.folder / f"{name}.svg").read_text() for name in ("light", "dark"))
    assert ("#14181d" in light, "#14181d" in dark) == (False, True)
    assert desk.octet("runs", "curve", run_id, "loss", "--out", "light.png").returncode == 0
    assert (desk.folder / "light.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("f2",), 4, "has no metric f2; there are"),
        (("loss", "--dark"), 2, "--out FILE.svg"),
        (("loss", "--out", "loss.gif"), 2, "not as .gif"),
        (("acc", "--target", "edge"), 2, "choose one: --target side"),
        (("mcc", "--out", "x.svg", "--target", "edge"), 4, "mcc of edge"),
    ],
)
def test_what_cannot_be_drawn_is_said_with_what_can(desk, run_id, arguments, code, said):
    done = desk.octet("runs", "curve", run_id, *arguments)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_watching_as_json_gives_the_run_when_it_has_ended(desk, run_id):
    done = desk.octet("runs", "watch", run_id, "--json")
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "succeeded")
