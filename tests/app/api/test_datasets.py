"""Data sets over HTTP: uploads go to disk as they arrive, within limits, and leave nothing behind."""

import dataclasses
import http.client
import json

import pytest

from app.settings import LimitSettings
from tests.app.api import sides
from tests.app.api.failing import is_problem
from tests.app.api.served import served
from tests.app.api.waiting import wait_until


def nothing_incoming(parts) -> bool:
    return list(parts.settings.incoming_dir.iterdir()) == []


@pytest.fixture(scope="module")
def dataset(client):
    answer = client.post("/datasets", data={"name": "sides"}, files=sides.form())
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/datasets/{answer.json()['id']}"
    return answer.json()


def test_an_upload_answers_what_was_found_in_it(dataset, parts):
    contents = sides.files()
    assert (dataset["name"], dataset["files"], dataset["bytes"]) == ("sides", 40, sum(map(len, contents.values())))
    assert {name: target["type"] for name, target in dataset["targets"].items()} == {
        "side": "categorical",
        "level": "continuous",
    }
    assert dataset["targets"]["side"]["classes"] == {"high": 20, "low": 20}
    assert (dataset["ignored"], dataset["problems"]) == ([], [])
    assert nothing_incoming(parts)


def test_the_same_again_is_the_old_one(client, dataset):
    answer = client.post("/datasets", data={"name": "sides"}, files=sides.form())
    assert (answer.status_code, answer.json()["id"]) == (200, dataset["id"])
    assert answer.headers["location"] == f"/datasets/{dataset['id']}"


def test_other_content_under_the_same_name_is_409(client, dataset):
    answer = client.post("/datasets", data={"name": "sides"}, files=sides.form(seed=2))
    assert is_problem(answer, 409)["type"] == "/problems/dataset-name-taken"


def test_many_single_files_make_a_data_set_too(client, dataset):
    contents = sides.files()
    parts = [("labels", ("l.csv", sides.labels(list(contents))))]
    parts += [("file", (f"some/folder/{name}", data)) for name, data in contents.items()]
    answer = client.post("/datasets", data={"name": "single"}, files=parts)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["files"], answer.json()["bytes"]) == (40, dataset["bytes"])


def test_a_file_name_of_a_client_never_becomes_a_path(client, parts):
    files = [("labels", ("/etc/l.csv", b"ID,side\n000,high\n")), ("file", ("../../000.bin", b"x"))]
    is_problem(client.post("/datasets", data={"name": "outside"}, files=files), 422)
    assert nothing_incoming(parts)
    assert not (parts.settings.data_dir.parent / "000.bin").exists()


def test_declared_types_overrule_what_the_values_look_like(client):
    form = {"name": "declared", "types": json.dumps({"level": "categorical"})}
    answer = client.post("/datasets", data=form, files=sides.form())
    assert answer.status_code == 201, answer.text
    assert answer.json()["targets"]["level"]["type"] == "categorical"


def test_list_read_and_pages(client, dataset):
    assert client.get(f"/datasets/{dataset['id']}").json() == dataset
    first = client.get("/datasets", params={"limit": 1}).json()
    assert len(first["datasets"]) == 1
    rest = client.get("/datasets", params={"after": first["next"]}).json()
    names = {found["name"] for found in first["datasets"] + rest["datasets"]}
    assert {"sides", "single", "declared"} <= names
    assert rest["next"] is None
    is_problem(client.get("/datasets/nosuch"), 404)
    is_problem(client.get("/datasets", params={"limit": 0}), 422)


def test_delete_removes_an_unused_one_and_refuses_a_used_one(client):
    made = sides.upload(client, "to-remove", seed=3)
    run = sides.submit(client, name="to-remove")
    assert is_problem(client.delete(f"/datasets/{made['id']}"), 409)["type"] == "/problems/dataset-in-use"
    client.post(f"/runs/{run}/cancel")
    gone = client.delete(f"/datasets/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    is_problem(client.get(f"/datasets/{made['id']}"), 404)
    is_problem(client.delete(f"/datasets/{made['id']}"), 404)


def test_every_missing_part_is_named(client, parts):
    answer = client.post("/datasets", files={"types": (None, "[1]")})
    faults = is_problem(answer, 422)["errors"]
    assert [fault["pointer"] for fault in faults] == ["/types", "/name", "/types", "/archive"]
    assert nothing_incoming(parts)


@pytest.mark.parametrize(
    ("files", "pointer"),
    [
        ([("label", ("l.csv", b"ID\n"))], "/label"),
        ([("labels", ("l.csv", b"ID\n")), ("labels", ("l.csv", b"ID\n"))], "/labels"),
        ([("name", (None, "a")), ("name", (None, "b"))], "/name"),
        ([("types", (None, "{")), ("name", (None, "a"))], "/types"),
        ([("types", (None, '{"a": "number"}')), ("name", (None, "a"))], "/types"),
    ],
)
def test_unknown_doubled_and_wrong_parts_are_named(client, parts, files, pointer):
    faults = is_problem(client.post("/datasets", files=files), 422)["errors"]
    assert faults[0]["pointer"] == pointer
    assert nothing_incoming(parts)


def test_labels_that_do_not_fit_are_422(client, parts):
    files = {**sides.form(), "labels": ("labels.csv", b"name,side\n000,high\n")}
    is_problem(client.post("/datasets", data={"name": "bad"}, files=files), 422)
    files = {**sides.form(), "archive": ("a.zip", b"no archive at all")}
    is_problem(client.post("/datasets", data={"name": "bad"}, files=files), 422)
    assert nothing_incoming(parts)


@pytest.mark.parametrize("kind", ["application/json", "application/octet-stream", ""])
def test_another_content_type_is_415(client, kind):
    is_problem(client.post("/datasets", content=b"{}", headers={"content-type": kind}), 415)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=x", b"no boundary"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\ncut short'),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nnameless\r\n--x--\r\n"),
        ("multipart/form-data; boundary=" + "x" * 300, b""),
    ],
)
def test_a_broken_form_is_400(client, parts, kind, content):
    is_problem(client.post("/datasets", content=content, headers={"content-type": kind}), 400)
    assert nothing_incoming(parts)


def test_a_text_field_has_a_limit_too(client, parts):
    is_problem(client.post("/datasets", files={"name": (None, "x" * 100_000)}), 413)
    assert nothing_incoming(parts)


def test_an_upload_beyond_the_limit_stops_while_it_streams(parts):
    settings = parts.settings.model_copy(update={"limits": LimitSettings(upload_max_bytes=3 << 20)})
    with served(dataclasses.replace(parts, settings=settings)) as client:
        head = b'--x\r\nContent-Disposition: form-data; name="archive"; filename="a"\r\n\r\n'
        sent = []

        def endless():
            yield head
            for _ in range(100):
                sent.append(1)
                yield bytes(1 << 20)

        answer = client.post(
            "/datasets", content=endless(), headers={"content-type": "multipart/form-data; boundary=x"}
        )
        is_problem(answer, 413)
        too_long = client.post("/datasets", data={"name": "x"}, files={"archive": ("a", bytes(4 << 20))})
        is_problem(too_long, 413)
    assert nothing_incoming(parts)


def test_a_client_that_goes_away_leaves_nothing_behind(client, parts):
    """The folder appears with the first part and is gone when the server notices that nobody is there."""
    connection = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=60)
    connection.putrequest("POST", "/datasets")
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(1 << 30))
    connection.endheaders()
    connection.send(b'--x\r\nContent-Disposition: form-data; name="archive"; filename="a"\r\n\r\n' + bytes(2 << 20))
    wait_until(lambda: not nothing_incoming(parts))
    connection.close()
    wait_until(lambda: nothing_incoming(parts))


FOLDERS = {"cats/1.bin": b"c1", "cats/2.bin": b"c2", "dogs/1.bin": b"d1"}


def test_folders_may_be_the_classes(client):
    files = {"archive": ("files.tar.gz", sides.archive(FOLDERS))}
    answer = client.post("/datasets", data={"name": "pets", "folder_labels": "kind"}, files=files)
    assert answer.status_code == 201, answer.text
    assert answer.json()["targets"]["kind"]["classes"] == {"cats": 2, "dogs": 1}


def test_the_column_of_ids_may_have_another_name(client):
    table = b"path;kind\n1.bin;x\n2.bin;y\n"
    files = {"labels": ("l.csv", table), "archive": ("a.tar", sides.archive({"1.bin": b"1", "2.bin": b"2"}))}
    assert "id_column" in is_problem(client.post("/datasets", data={"name": "named"}, files=files), 422)["detail"]
    answer = client.post("/datasets", data={"name": "named", "id_column": "path"}, files=files)
    assert (answer.status_code, answer.json()["files"]) == (201, 2), answer.text


def test_files_without_labels_serve_predictions_and_a_run_on_them_is_refused_with_the_mend(client):
    answer = client.post("/datasets", data={"name": "unlabelled"}, files={"archive": ("a.tar", sides.archive(FOLDERS))})
    assert answer.status_code == 201, answer.text
    assert (answer.json()["targets"], answer.json()["files"]) == ({}, len(FOLDERS))
    body = is_problem(client.post("/runs", json={"dataset": "unlabelled", "target": "kind"}), 422)
    assert [fault["pointer"] for fault in body["errors"]] == ["/target"]
    assert "labels=@labels.csv or folder_labels=TARGET" in body["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("data", "beside", "pointer", "said"),
    [
        ({"id_column": "x"}, (), "/id_column", "need none"),
        ({"types": '{"kind": "categorical"}'}, (), "/types", "need none"),
        ({"folder_labels": "kind"}, ("labels",), "/folder_labels", "stands beside labels"),
        ({"folder_labels": "kind", "id_column": "x"}, (), "/folder_labels", "stands beside id_column"),
        ({"folder_labels": "ki\tnd"}, (), "/folder_labels", "control character"),
        ({"folder_labels": ""}, (), "/folder_labels", "empty; name the target"),
        ({"folder_labels": " "}, ("labels",), "/folder_labels", "or leave it out"),
    ],
)
def test_labels_come_from_one_place_alone(client, data, beside, pointer, said):
    files = {"archive": ("a.tar", sides.archive(FOLDERS)), "labels": ("l.csv", b"ID,kind\n1,x\n")}
    sent = {name: files[name] for name in ("archive", *beside)}
    body = is_problem(client.post("/datasets", data={"name": "once", **data}, files=sent), 422)
    assert [fault["pointer"] for fault in body["errors"]] == [pointer]
    assert said in body["errors"][0]["detail"]


def test_a_fault_of_the_labels_is_named_by_part_row_and_column(client):
    """One scheme for every part: a pointer into the form, and beside it the place in the table."""
    table = b"ID,side\n000,high\n001\n002,low,x\n"
    files = {**sides.form(), "labels": ("labels.csv", table)}
    faults = is_problem(client.post("/datasets", data={"name": "rows"}, files=files), 422)["errors"]
    assert [(fault["pointer"], fault["row"]) for fault in faults] == [("/labels", 3), ("/labels", 4)]
    table = b"ID,side,level\n000,high,1\n001,low,tall\n"
    files = {**sides.form(), "labels": ("labels.csv", table)}
    declared = {"name": "rows", "types": json.dumps({"level": "continuous"})}
    [fault] = is_problem(client.post("/datasets", data=declared, files=files), 422)["errors"]
    assert (fault["pointer"], fault["row"], fault["column"]) == ("/labels", 3, "level")
    files = {**sides.form(), "archive": ("a.zip", b"no archive at all")}
    [fault] = is_problem(client.post("/datasets", data={"name": "rows"}, files=files), 422)["errors"]
    assert (fault["pointer"], fault.keys()) == ("/archive", {"pointer", "detail"})
    [fault] = is_problem(client.post("/datasets", data={"name": "a/b"}, files=sides.form()), 422)["errors"]
    assert fault["pointer"] == "/name"
    [fault] = is_problem(client.post("/datasets", files={"a/b~c": (None, "x")}), 422)["errors"]
    assert fault["pointer"] == "/a~1b~0c"
