"""`octet predict`: one file in words, a folder as a CSV, and nothing without an answer goes unsaid."""

import csv
import io
import json
import os

import pytest

from app.cli.predict import _print_one, _write_csv
from octet import Answer, Client, Prediction, UnlikeTraining


def test_one_file_is_answered_in_words(desk, run_id):
    done = desk.octet("predict", "sides/001.bin", "--run", run_id)
    assert done.returncode == 0, done.stderr
    assert "side: high" in done.stdout
    assert "low" in done.stdout


def test_a_folder_becomes_a_csv_of_every_file(desk, run_id, service):
    done = desk.octet("predict", "sides", "--run", run_id, "--out", "answers.csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((desk.folder / "answers.csv").read_text().splitlines()))
    assert list(rows[0]) == ["file", "side", "side:high", "side:low"]
    assert [row["file"] for row in rows] == [f"{number:03d}.bin" for number in range(40)]
    right = sum(row["side"] == ("high" if int(row["file"][:3]) % 2 else "low") for row in rows)
    assert right >= 36
    with Client(service.url) as client:
        answer = client.predict(desk.folder / "sides/005.bin", run=run_id).answers()["side"]
    assert abs(float(rows[5]["side:high"]) - answer.probabilities["high"]) < 1e-4


def test_several_files_go_to_stdout_and_json_is_there_for_programs(desk, run_id):
    files = ("sides/000.bin", "sides/001.bin")
    rows = list(csv.reader(io.StringIO(desk.octet("predict", *files, "--run", run_id).stdout)))
    assert [row[:2] for row in rows[1:]] == [[files[0], "low"], [files[1], "high"]]
    done = desk.octet("predict", *files, "--run", run_id, "--json")
    assert [answer["outputs"]["output"]["side"]["label"] for answer in json.loads(done.stdout)] == ["low", "high"]


def test_an_empty_file_is_left_out_and_the_exit_code_says_so(desks, run_id):
    desk = desks("empty", files=3)
    (desk.folder / "sides/empty.bin").touch()
    done = desk.octet("predict", "sides", "--run", run_id)
    assert done.returncode == 1
    assert "empty.bin" in done.stderr
    assert len(done.stdout.splitlines()) == 4


def test_an_unknown_run_is_refused_with_what_there_is(desk, run_id):
    done = desk.octet("predict", "sides/000.bin", "--run", "nosuch")
    assert done.returncode == 4
    assert "nosuch" in done.stderr


def test_a_csv_that_cannot_be_written_is_said_in_a_line(desk, run_id):
    done = desk.octet("predict", "sides", "--run", run_id, "--out", "nowhere/answers.csv")
    assert (done.returncode, done.stderr) == (1, "octet: nowhere/answers.csv: there is no folder nowhere\n")


def test_a_target_that_is_called_like_the_csvs_own_column_is_refused_not_overwritten(desks, client):
    desk = desks("named-file", files=16, seed=5)
    table = (desk.folder / "labels.csv").read_text()
    (desk.folder / "labels.csv").write_text(table.replace("ID,side", "ID,file"))
    dataset = client.upload(desk.folder / "sides", desk.folder / "labels.csv", "named-file")
    run = client.submit({"dataset": dataset.id, "target": "file", "plan": {"steps": 2, "batch": 4, "threads": 1}})
    assert [seen.run.status for seen in client.follow(run.id)][-1] == "succeeded"
    done = desk.octet("predict", "sides", "--run", run.id)
    assert done.returncode == 2
    assert "two columns of the CSV would be called 'file'" in done.stderr
    assert "--json" in done.stderr


def test_all_files_are_answered_by_one_checkpoint_also_when_the_name_does_not_mean_the_runs_best(desks, client):
    """70 files are two requests; the name stands for an earlier step than the best."""
    desk = desks("pinned", files=70)
    more = (
        (desk.folder / "globals.yaml")
        .read_text()
        .replace("sample_interval: 10", "sample_interval: 10, n_saved_models: 3")
    )
    (desk.folder / "globals.yaml").write_text(more)
    trained = desk.octet("train", "globals.yaml", "input.yaml", "output.yaml", "--detach", "--dataset", "pinned")
    run = trained.stdout.strip()
    assert [seen.run.status for seen in client.follow(run)][-1] == "succeeded"
    best = (client.run(run).best or {})["step"]
    [other, *_] = [c.step for c in client.checkpoints(run) if c.kind == "best" and c.step != best]
    client.models.promote("pinned", run, other)
    done = desk.octet("predict", "sides", "--model", "pinned", "--json")
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert len(answers) == 70
    assert {answer["checkpoint"]["step"] for answer in answers} == {other}


def test_a_result_is_written_whole_or_not_at_all_and_never_predicted(desk, run_id):
    (desk.folder / "inbox").mkdir()
    (desk.folder / "inbox" / "a.bin").write_bytes(bytes(range(200, 230)))
    (desk.folder / "inbox" / "kept.csv").write_text("keep me")
    answers = ("predict", "inbox", "--out", "inbox/kept.csv")
    nowhere = desk.octet(*answers, "--run", "nosuch")
    assert nowhere.returncode != 0
    assert (desk.folder / "inbox" / "kept.csv").read_text() == "keep me"
    for _ in range(2):  # the second time its own result lies there
        done = desk.octet(*answers, "--run", run_id)
        assert (done.returncode, done.stderr.count("where the answers go")) == (0, 1), done.stderr
        rows = (desk.folder / "inbox" / "kept.csv").read_text().splitlines()
        assert [row.split(",")[0] for row in rows] == ["file", "a.bin"]
    assert sorted(path.name for path in (desk.folder / "inbox").iterdir()) == ["a.bin", "kept.csv"]


def test_names_are_those_of_the_files_whatever_a_form_makes_of_them(desk, run_id):
    names = ['q"1.bin', "q%221.bin", "line\nend.bin", os.fsdecode(b"q\xff.bin")]
    for folder in ("one", "two"):
        (desk.folder / folder).mkdir()
        for name in names:
            (desk.folder / folder / name).write_bytes(bytes(range(200, 230)))
    done = desk.octet("predict", "one", "two", "--run", run_id, "--out", "both.csv")
    assert done.returncode == 0, done.stderr
    with (desk.folder / "both.csv").open(newline="", encoding="utf-8") as file:
        told = [row["file"] for row in csv.DictReader(file)]
    shown = [name.replace("\udcff", "\\xff") for name in names]
    assert sorted(told) == sorted(f"{folder}/{name}" for folder in ("one", "two") for name in shown)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("sides", "--out", "x.xlsx"), "not as .xlsx"),
        (("sides", "--json", "--out", "x.csv"), "leave it out where --out writes"),
        (("--prediction", "x", "--run", "y", "--out", "x.csv"), "leave out --run"),
    ],
)
def test_what_would_be_ignored_is_refused(desk, given, said):
    done = desk.octet("predict", *given)
    assert done.returncode == 2
    assert said in done.stderr


def test_what_is_unlike_the_training_data_has_a_column_and_is_said(tmp_path, capfd):
    seen = [
        Prediction(
            name=f"{score}.bin",
            run="r",
            bytes=3,
            read=3,
            unlike_training=UnlikeTraining(score=score, flag=score > 0.99),
            outputs={"output": {"level": Answer(value=1.5)}},
        )
        for score in (0.25, 0.999)
    ]
    assert _write_csv(iter(seen), tmp_path / "answers.csv") == 0
    table = (tmp_path / "answers.csv").read_text()
    assert table == "file,unlike_training,level\n0.25.bin,0.25,1.5\n0.999.bin,0.999,1.5\n"
    assert "1 file unlike the training data" in capfd.readouterr().err
    for answer in seen:
        _print_one(tmp_path / "x.bin", answer)
        assert ("do not trust this answer" in capfd.readouterr().out) == answer.unlike_training.flag
