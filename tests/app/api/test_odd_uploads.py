"""Forms of odd senders: a name that is missing, doubled or no name, and archives whose names lie."""

import pytest

from tests.app.api import sides
from tests.app.api.failing import is_problem
from tests.models.packed.made import tar_bytes, zip_bytes
from tests.models.packed.raw import Zipped, zipped

LABELS = ("labels", ("l.csv", b"ID,k\na,x\nb,y\n"))
REAL = {"a.txt": b"one", "b.txt": b"two"}
ONE, TWO = ("file", ("a.txt", b"one")), ("file", ("b.txt", b"two"))


@pytest.mark.parametrize(
    ("files", "pointer", "said"),
    [
        ([ONE, ("file", ("", b"two"))], "file/1", "has no file name"),
        ([("file", (None, b"one"))], "file/0", "send it as file=@NAME"),
        ([ONE, TWO, ONE], "labels", "'a.txt' comes twice"),
        ([("file", ("p/a.txt", b"1")), ("file", ("q/a.txt", b"2"))], "labels", "relative paths ('q/a.txt') as IDs"),
        ([("file", ("../a.txt", b"one"))], "file", "leads out"),
        ([("file", ("/a.txt", b"one"))], "file", "absolute"),
        ([("archive", ("a.zip", zipped(Zipped(b"a", b"x" * 20, flags=1))))], "archive", "is encrypted"),
        ([("archive", ("a.tar", tar_bytes({})))], "archive", "no files in it"),
        ([("archive", ("a.tar", tar_bytes({"._a": b"x", ".DS_Store": b"x"})))], "archive", "what is always ignored"),
        ([("archive", ("a.tar", tar_bytes(REAL)[:700]))], "archive", "truncated"),
        ([("archive", ("a.tar", b""))], "archive", "empty (0 bytes)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "sent",
)
def test_what_cannot_be_taken_is_said_at_its_part_and_leaves_nothing(client, parts, files, pointer, said):
    body = is_problem(client.post("/datasets", data={"name": "odd"}, files=[LABELS, *files]), 422)
    assert [fault["pointer"] for fault in body["errors"]] == [f"/{pointer}"]
    assert said in body["errors"][0]["detail"]
    assert list(parts.settings.incoming_dir.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lies.tar.gz", zip_bytes(REAL)),
        ("lies.zip", sides.archive(REAL)),
        ("no suffix", tar_bytes(REAL)),
        ("", zip_bytes(REAL)),
    ],
    ids=["zip as tar.gz", "tar.gz as zip", "tar without a suffix", "no file name"],
)
def test_an_archive_is_known_by_its_bytes_whatever_it_is_called(client, name, content):
    answer = client.post("/datasets", data={"name": "lies"}, files=[LABELS, ("archive", (name, content))])
    assert answer.status_code in (200, 201), answer.text
    assert (answer.json()["files"], answer.json()["problems"]) == (2, [])


def test_what_was_left_out_and_filled_is_said_in_the_answer(client):
    junk = {"__MACOSX/._a.txt": b"j", ".DS_Store": b"j", "x/Thumbs.db": b"j", "x/desktop.ini": b"j"}
    archive = tar_bytes({**junk, **REAL, "c.txt": b"", "d.txt": b"lone"})
    answer = client.post(
        "/datasets",
        data={"name": "said"},
        files=[("labels", ("l.csv", b"ID,k\na,x\nb,y\nc,x\n")), ("archive", ("a", archive))],
    )
    assert answer.json()["ignored"] == list(junk)
    assert [(p["kind"], p["id"]) for p in answer.json()["problems"]] == [
        ("empty_file", "c"),
        ("file_without_label", "d"),
    ]


def test_of_the_path_that_an_old_browser_sends_the_name_counts(client):
    files = [LABELS, ("file", ("C:\\fakepath\\a.txt", b"one")), ("file", ("some/folder/b.txt", b"two"))]
    answer = client.post("/datasets", data={"name": "paths"}, files=files)
    assert (answer.status_code, answer.json()["files"], answer.json()["problems"]) == (201, 2, []), answer.text
