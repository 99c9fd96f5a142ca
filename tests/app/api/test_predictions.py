"""Predictions over data sets over HTTP, carried out by the worker's own classes with a real predicting process."""

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.services.predictions.lease import acquire
from octet import Client, Refused
from tests.app.api import sides
from tests.app.api.test_problems import is_problem
from worker.prediction_attempt import PredictionAttempt
from worker.shutdown import Shutdown

CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"


@pytest.fixture(scope="module")
def unlabelled(client):
    """A data set of the same files without labels."""
    files = {"archive": ("new.tar.gz", sides.archive(sides.files(seed=2)))}
    return client.post("/datasets", data={"name": "new ones"}, files=files).json()


@pytest.fixture(scope="module")
def finished(client, parts, run, unlabelled):
    """A prediction that has succeeded, as GET shows it."""
    submitted = client.post("/predictions", json={"run": run, "dataset": "new ones"}).json()
    PredictionAttempt(parts, acquire(parts, submitted["id"], "tester"), Shutdown()).run()
    found = client.get(f"/predictions/{submitted['id']}").json()
    assert found["status"] == "succeeded", found["error"]
    return found


def test_submitting_answers_202_with_the_settled_checkpoint_and_a_place_to_ask(client, parts, run, unlabelled):
    answer = client.post("/predictions", json={"run": run, "dataset": "new ones"})
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert answer.headers["location"] == f"/predictions/{body['id']}" == body["links"]["self"]
    best = client.get(f"/runs/{run}").json()["best"]
    assert body["checkpoint"] == {"step": best["step"], "digest": best["digest"]}
    assert body["progress"] == {"done": 0, "files": 40, "eta_s": None}
    assert (body["status"], body["dataset_id"]) == ("queued", unlabelled["id"])
    said = is_problem(client.get(f"/predictions/{body['id']}/result"), 409)
    assert (said["type"], "0 of 40 files" in said["detail"]) == ("/problems/no-result", True)
    is_problem(client.delete(f"/predictions/{body['id']}"), 409)
    assert client.post(f"/predictions/{body['id']}/cancel").json()["status"] == "cancelled"
    is_problem(client.get(f"/predictions/{body['id']}/log"), 404)
    assert client.delete(f"/predictions/{body['id']}").status_code == 204
    is_problem(client.get(f"/predictions/{body['id']}"), 404)


def test_the_same_key_replays_and_other_bodies_under_it_are_refused(client, run, unlabelled):
    body = {"run": run, "dataset": "new ones"}
    first, again = (client.post("/predictions", json=body, headers={"idempotency-key": "k"}) for _ in range(2))
    assert (first.json()["id"], again.status_code) == (again.json()["id"], 202)
    assert again.headers["idempotency-replayed"] == "true"
    other = client.post("/predictions", json={**body, "name": "x"}, headers={"idempotency-key": "k"})
    assert is_problem(other, 422)["type"] == "/problems/idempotency-key"
    used = client.post("/runs", json=sides.body(), headers={"idempotency-key": "k"})
    assert is_problem(used, 422)["type"] == "/problems/idempotency-key"


@pytest.mark.parametrize(
    ("body", "status", "rule", "pointers"),
    [
        ({"dataset": "nosuch"}, 422, "prediction-dataset", ["/dataset"]),
        ({"dataset": "new ones", "run": "nosuch"}, 404, "unknown-run", []),
        ({"dataset": "new ones", "model": "nosuch"}, 404, "unknown-model", []),
        ({"dataset": "new ones", "model": "a", "run": "b"}, 422, "prediction-body", ["/model"]),
        ({"data": "new ones"}, 422, "prediction-body", ["/data", "/dataset"]),
    ],
    ids=["dataset", "run", "model", "both", "unknown"],
)
def test_what_cannot_be_predicted_is_said_with_its_place(client, unlabelled, body, status, rule, pointers):
    said = is_problem(client.post("/predictions", json=body), status)
    assert said["type"] == f"/problems/{rule}"
    assert [fault["pointer"] for fault in said["errors"]] == pointers


def test_a_run_without_a_checkpoint_is_a_conflict(client, run, unlabelled):
    waiting = sides.submit(client)
    said = is_problem(client.post("/predictions", json={"run": waiting, "dataset": "new ones"}), 409)
    assert said["type"] == "/problems/no-checkpoint"


def test_csv_and_parquet_hold_the_same_rows_and_the_numbers_of_predict(client, run, finished):
    where = f"/predictions/{finished['id']}/result"
    text = client.get(where)
    assert text.headers["content-type"].startswith(CSV)
    rows = list(csv.DictReader(io.StringIO(text.text)))
    binary = client.get(where, headers={"accept": PARQUET})
    assert binary.headers["content-type"] == PARQUET
    table = pq.read_table(pa.BufferReader(binary.content))
    assert table.column_names == ["id", "bytes", "read", "unlike_training", "side", "side:high", "side:low", "level"]
    assert list(rows[0]) == table.column_names
    whole = {"id": str, "side": str, "bytes": int, "read": int}
    assert [{name: whole.get(name, float)(cell) for name, cell in row.items()} for row in rows] == table.to_pylist()

    contents = sides.files(seed=2)
    assert [row["id"] for row in rows] == [f"folder/{name}" for name in contents]
    sent = [("file", (name, data)) for name, data in contents.items()]
    answers = client.post(f"/predict?run={run}", files=sent).json()["predictions"]
    for row, answer in zip(table.to_pylist(), answers, strict=True):
        seen = answer["outputs"]["output"]
        assert (row["bytes"], row["read"], row["side"]) == (answer["bytes"], answer["read"], seen["side"]["label"])
        assert row["level"] == pytest.approx(seen["level"]["value"], abs=1e-5)
        assert row["unlike_training"] == pytest.approx(answer["unlike_training"]["score"], abs=1e-5)
        for name, share in seen["side"]["probabilities"].items():
            assert row[f"side:{name}"] == pytest.approx(share, abs=1e-5)


def test_a_result_has_a_tag_a_digest_and_ranges_and_both_ways_to_name_its_form(client, finished):
    where = f"/predictions/{finished['id']}/result"
    for form, media in (("csv", CSV), ("parquet", PARQUET)):
        named = client.get(where, params={"format": form})
        asked = client.get(where, headers={"accept": media})
        assert named.content == asked.content
        assert named.headers["etag"] == f'"{finished["result"][form]["digest"]}"'
        assert len(named.content) == finished["result"][form]["size_bytes"]
        assert f"{finished['id']}.{form}" in named.headers["content-disposition"]
        assert (
            client.get(where, params={"format": form}, headers={"if-none-match": named.headers["etag"]}).status_code
            == 304
        )
        part = client.get(where, params={"format": form}, headers={"range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, named.content[:4])
    is_problem(client.get(where, params={"format": "xlsx"}), 422)
    assert "file 0 of 40" in client.get(f"/predictions/{finished['id']}/log").text


def test_lists_are_paged_and_filtered_and_a_reading_is_cheap_when_nothing_changed(client, finished):
    page = client.get("/predictions", params={"status": "succeeded", "limit": 1}).json()
    assert [row["id"] for row in page["predictions"]] == [finished["id"]]
    is_problem(client.get("/predictions", params={"status": "done"}), 422)
    first = client.get(f"/predictions/{finished['id']}")
    again = client.get(f"/predictions/{finished['id']}", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert is_problem(client.post(f"/predictions/{finished['id']}/cancel"), 409)["type"] == "/problems/run-state"


def test_what_a_job_reads_cannot_be_removed(client, run, unlabelled):
    job = client.post("/predictions", json={"run": run, "dataset": "new ones"}).json()["id"]
    assert job in is_problem(client.delete(f"/datasets/{unlabelled['id']}"), 409)["detail"]
    assert job in is_problem(client.delete(f"/runs/{run}"), 409)["detail"]
    client.post(f"/predictions/{job}/cancel")


def test_the_python_client_writes_no_file_before_there_is_a_result(client, run, unlabelled, finished, tmp_path):
    with Client(str(client.base_url)) as ours:
        job = ours.predictions.submit("new ones", run=run, idempotency_key="once")
        assert ours.predictions.submit("new ones", run=run, idempotency_key="once").id == job.id
        with pytest.raises(Refused, match="0 of 40 files are done"):
            ours.predictions.download(job.id, tmp_path / "x.csv")
        assert ours.predictions.cancel(job.id).ended
        assert [seen.status for seen in ours.predictions.watch(job.id)] == ["cancelled"]
        assert list(tmp_path.iterdir()) == []
        ours.predictions.download(finished["id"], tmp_path / "x.parquet")
        assert pq.read_table(tmp_path / "x.parquet").num_rows == 40
        assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]


def test_the_example_of_the_openapi_document_has_every_field(client):
    shape = client.get("/openapi.json").json()["components"]["schemas"]["DatasetPrediction"]
    assert set(shape["example"]) | {"error", "worker"} == set(shape["properties"])  # null in what has succeeded
