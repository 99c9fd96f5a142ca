"""`octet predict --dataset`: a job of a really served Octet, its worker beside the one that trains."""

import csv
import json
import shlex
import signal
from contextlib import suppress

import pyarrow.parquet as pq
import pytest

from octet import Refused


def test_a_data_set_is_predicted_by_a_job_while_a_training_holds_the_other_worker(desk, run_id, service, client):
    training = client.submit(
        {"dataset": "sides", "target": "side", "plan": {"steps": 100_000, "batch": 8, "threads": 1}}
    )
    try:
        done = desk.octet("predict", "--dataset", "sides", "--run", run_id, "--out", "job.csv")
        assert done.returncode == 0, done.stderr
        assert not client.run(training.id).ended
    finally:
        client.cancel(training.id)
    rows = list(csv.DictReader((desk.folder / "job.csv").read_text().splitlines()))
    assert list(rows[0]) == ["id", "bytes", "read", "side", "side:high", "side:low"]
    assert [row["id"] for row in rows] == [f"{number:03d}" for number in range(40)]
    assert sum(row["side"] == ("high" if int(row["id"]) % 2 else "low") for row in rows) >= 36

    job = done.stderr.split("prediction ")[1].split(":")[0]
    again = desk.octet("predict", "--prediction", job, "--out", "job.parquet")
    assert again.returncode == 0, again.stderr
    table = pq.read_table(desk.folder / "job.parquet").to_pylist()
    assert [float(row["side:high"]) for row in rows] == [row["side:high"] for row in table]
    assert [found.id for found in client.predictions.list(1)] == [job]


def test_a_folder_is_predicted_under_a_name_of_its_own_and_its_data_set_goes_with_the_end(desks, run_id, client):
    """The first prediction is left by Ctrl-C and taken up at the end; in between the folder changes."""
    desk, before = desks("inbox", files=5, seed=3), {found.id for found in client.datasets()}
    folder = (desk.folder / "sides").rename(desk.folder / f"-in\nbox {'x' * 220}")
    command = desk.start("predict", folder, "--run", run_id, "--out", "late answers.parquet")
    job = next(line for line in command.stderr if line.startswith("prediction ")).split()[1].rstrip(":")
    command.send_signal(signal.SIGINT)
    said = command.communicate(timeout=120)[1]
    back = f"octet predict --prediction {job} --out 'late answers.parquet'"
    assert (command.returncode, back in said) == (130, True), said
    name = said.split("octet datasets delete ")[1].split()[0]
    left = before | {client.dataset(name).id}

    (folder / "005.bin").write_bytes(b"one more")
    (folder / "empty.bin").touch()
    target = folder / "new.parquet"
    target.write_bytes(b"the answers of yesterday")
    done = desk.octet("predict", folder, "--run", run_id, "--out", target)
    assert (done.returncode, "empty.bin" in done.stderr) == (1, True), done.stderr
    assert ids(target) == [f"{n:03d}.bin" for n in range(6)]
    assert desk.octet("predict", folder, "--run", "nosuch", "--out", "new.parquet").returncode != 0
    assert {found.id for found in client.datasets()} == left

    taken_up = desk.octet(*shlex.split(back)[1:])
    assert taken_up.returncode == 0, taken_up.stderr
    assert ids(desk.folder / "late answers.parquet") == [f"{n:03d}.bin" for n in range(5)]
    assert desk.octet("datasets", "delete", name).returncode == 0
    assert {found.id for found in client.datasets()} == before


def ids(table):
    return pq.read_table(table, columns=["id"])["id"].to_pylist()


def test_predictions_are_listed_shown_cancelled_and_removed(desks, run_id, client, tmp_path):
    desk = desks("in a line", files=5, seed=6)
    client.upload(desk.folder / "sides", name="in-a-line")
    job = client.predict_dataset("in-a-line", tmp_path / "mine.csv", run=run_id)
    with (tmp_path / "mine.csv").open() as file:
        assert [row["id"] for row in csv.DictReader(file)] == [f"{number:03d}.bin" for number in range(5)]
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]
    listed = desk.octet("predictions", "list", "--limit", "1").stdout
    assert listed == f"{job.id}\tin-a-line\tsucceeded\t5/5\t{run_id}\n"
    shown = desk.octet("predictions", "show").stdout
    assert f"octet predict --prediction {job.id} --out FILE" in shown
    assert json.loads(desk.octet("predictions", "show", job.id, "--json").stdout)["id"] == job.id
    ended = desk.octet("predictions", "cancel", job.id)
    assert (ended.returncode, "succeeded" in ended.stderr) == (4, True), ended.stderr

    *others, last = [client.predictions.submit("in-a-line", run=run_id).id for _ in range(12)]  # long behind the others
    early = desk.octet("predictions", "delete", last)
    assert (early.returncode, f"octet predictions cancel {last}" in early.stderr) == (4, True), early.stderr
    stopped = desk.octet("predictions", "cancel", last)
    assert (stopped.returncode, stopped.stderr) == (0, f"prediction {last} is cancelled\n")
    for other in others:
        with suppress(Refused):  # the first may have ended
            client.predictions.cancel(other)
    assert desk.octet("predictions", "delete", job.id).returncode == 0
    gone = desk.octet("predictions", "show", job.id)
    assert (gone.returncode, "no prediction has the id" in gone.stderr) == (4, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--dataset", "sides"), 2, "--out is missing"),
        (("sides", "--dataset", "sides", "--out", "x.csv"), 2, "one of them"),
        ((), 2, "one of them"),
        (("sides/000.bin", "--out", "x.parquet"), 2, "for one folder"),
        (("--dataset", "sides", "--out", "nowhere/x.csv"), 1, "there is no folder nowhere"),
        (("--dataset", "nosuch", "--out", "x.csv"), 2, "no data set has the name"),
        (("--prediction", "nosuch", "--out", "x.csv"), 4, "no prediction has the id"),
    ],
    ids=["target", "both", "nothing", "files", "folder", "dataset", "prediction"],
)
def test_what_cannot_be_done_is_said_with_its_mend(desk, run_id, arguments, code, said):
    done = desk.octet("predict", *arguments)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert not (desk.folder / "x.csv").exists()
