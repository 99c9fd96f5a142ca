"""Every problem of an upload can be had: page by page, or as one CSV; nothing is cut, nothing comes twice."""

import csv
import io

import pytest

from app.services.datasets.view import said_key
from tests.app.api import sides
from tests.app.api.failing import is_problem

MISSING, UNLABELLED, JUNK = 1200, 30, 1100
"""More than a data set lists of one kind."""


@pytest.fixture(scope="module")
def dataset(client):
    contents = {f"{n:03d}.bin": b"x" for n in range(2)} | {f"more/u{n},\n.bin": b"y" for n in range(UNLABELLED)}
    contents |= {f"d{n}/.DS_Store": b"junk" for n in range(JUNK)}
    table = "ID,side\n000,high\n001,low\n" + "".join(f"m{n},low\n" for n in range(MISSING))
    files = {"labels": ("labels.csv", table.encode()), "archive": ("a.tar.gz", sides.archive(contents))}
    made = client.post("/datasets", data={"name": "odd"}, files=files)
    assert made.status_code == 201, made.text
    return made.json()


def pages(client, path: str, name: str, limit: int) -> list:
    found, after = [], 0
    while after is not None:
        page = client.get(path, params={"after": after, "limit": limit}).json()
        assert 0 < len(page[name]) <= limit
        found, after = found + page[name], page["next"]
    assert page["count"] == len(found)
    return found


def test_the_data_set_lists_some_and_links_to_all(client, dataset):
    assert dataset["problem_counts"] == {"label_without_file": MISSING, "file_without_label": UNLABELLED}
    assert len(dataset["problems"]) == 1000 + UNLABELLED
    assert (len(dataset["ignored"]), dataset["ignored_count"]) == (1000, JUNK)
    whole = pages(client, dataset["links"]["problems"], "problems", 10_000)
    assert len(whole) == MISSING + UNLABELLED
    assert [found for found in whole if found["kind"] == "label_without_file"][-1] == {
        "kind": "label_without_file",
        "id": f"m{MISSING - 1}",
        "row": MISSING + 3,
        "column": None,
        "detail": f"row {MISSING + 3} of the labels names 'm{MISSING - 1}', but there is no such file",
    }
    assert all(found in whole for found in dataset["problems"][:50])


@pytest.mark.parametrize("limit", [7, 1000])
def test_pages_of_any_size_join_to_the_same_list(client, dataset, limit):
    path = f"/datasets/{dataset['id']}/ignored"
    assert sorted(pages(client, path, "ignored", limit)) == sorted(f"folder/d{n}/.DS_Store" for n in range(JUNK))
    assert len(pages(client, f"/datasets/{dataset['name']}/problems", "problems", limit)) == MISSING + UNLABELLED


def test_as_csv_they_come_all_at_once(client, dataset):
    for name, column in (("problems", "detail"), ("ignored", "path")):
        path = dataset["links"][name]
        answer = client.get(path, headers={"accept": "text/csv"})
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        as_json = [found if name == "ignored" else found["detail"] for found in pages(client, path, name, 500)]
        assert [row[column] for row in rows] == as_json


@pytest.mark.parametrize("after", [1, 10**9, 2**53 - 1])
def test_a_cursor_that_no_page_gave_is_refused(client, dataset, after):
    body = is_problem(client.get(dataset["links"]["problems"], params={"after": after}), 422)
    assert (body["type"], body["errors"][0]["pointer"]) == ("/problems/bad-position", "after")


def test_a_data_set_without_any_has_none_and_an_unknown_one_is_404(client):
    clean = sides.upload(client, "clean", seed=11)
    for name in ("problems", "ignored"):
        assert client.get(clean["links"][name]).json() == {name: [], "next": None, "count": 0}
        assert client.get(clean["links"][name], headers={"accept": "text/csv"}).text.count("\r\n") == 1
        is_problem(client.get(f"/datasets/nosuch/{name}"), 404)
        is_problem(client.get(f"/datasets/nosuch/{name}", headers={"accept": "text/csv"}), 404)


def test_an_upload_that_is_not_new_leaves_no_list_and_a_removed_one_takes_its_own_along(client, parts, dataset):
    contents = {"000.bin": b"x", "001.bin": b"x"}
    table = b"ID,side\n000,high\n001,low\nlost,low\n"
    files = {"labels": ("labels.csv", table), "archive": ("a.tar.gz", sides.archive(contents))}
    same = client.post("/datasets", data={"name": "odd"}, files=files)
    assert (same.status_code, same.json()["id"]) == (200, dataset["id"])
    twin = client.post("/datasets", data={"name": "twin"}, files=files).json()
    assert twin["digest"] == dataset["digest"]
    assert [found["id"] for found in pages(client, twin["links"]["problems"], "problems", 10)] == ["lost"]
    lists = {path.name for path in parts.storage.local("said").iterdir()}
    assert {dataset["id"], twin["id"]} == lists
    assert client.delete(f"/datasets/{twin['id']}").status_code == 204
    assert not parts.storage.exists(said_key(twin["id"]))
    assert parts.storage.exists(said_key(dataset["id"]))
