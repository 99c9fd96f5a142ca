"""`octet predict --dataset`: a job of a really served Octet, its worker beside the one that trains."""

import csv

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


def test_a_folder_becomes_parquet_and_the_client_does_the_same_in_a_line(desks, run_id, client, tmp_path):
    desk = desks("new", files=5, seed=3)
    done = desk.octet("predict", "sides", "--run", run_id, "--out", "new.parquet")
    assert done.returncode == 0, done.stderr
    table = pq.read_table(desk.folder / "new.parquet").to_pylist()
    assert [row["id"] for row in table] == [f"{number:03d}.bin" for number in range(5)]
    assert client.dataset("sides-to-predict").targets == {}
    job = client.predict_dataset("sides-to-predict", tmp_path / "mine.csv", run=run_id)
    with (tmp_path / "mine.csv").open() as file:
        assert [row["id"] for row in csv.DictReader(file)] == [row["id"] for row in table]
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]
    client.predictions.delete(job.id)
    with pytest.raises(Refused, match="no prediction has the id"):
        client.predictions.get(job.id)


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
