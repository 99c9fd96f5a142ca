"""`octet datasets`, and the removal of a run: how it comes, what is wrong with it, and how it goes."""

import json

PLAN = {"steps": 100_000, "batch": 8, "threads": 1}


def test_all_problems_of_a_data_set_are_lines_and_json(desks, client):
    desk = desks("problems")
    table = desk.folder / "labels.csv"
    table.write_text(table.read_text() + "".join(f"lost{n},low\n" for n in range(1005)))
    made = client.upload(desk.folder / "sides", table, "with problems")
    assert len(made.problems) == 1000
    lines = desk.octet("datasets", "problems", "with problems").stdout.splitlines()
    assert len(lines) == 1005
    assert lines[-1].split("\t")[:3] == ["label_without_file", "lost1004", "1046"]
    whole = json.loads(desk.octet("datasets", "problems", made.id, "--json").stdout)
    assert [found["id"] for found in whole] == [f"lost{n}" for n in range(1005)]
    listed = [line.split("\t") for line in desk.octet("datasets", "list").stdout.splitlines()]
    assert [made.id, "with problems", "40"] in [row[:3] for row in listed]
    assert desk.octet("datasets", "problems", "nosuch").returncode == 4
    client.delete_dataset("with problems")


def test_a_problem_is_one_line_whatever_a_file_is_called_and_data_sets_are_removed(desks, client):
    desk = desks("lines", files=4)
    (desk.folder / "sides/two\nlines\tand a tab.bin").touch()
    made = client.upload(desk.folder / "sides", name="odd-lines")
    lines = desk.octet("datasets", "problems", made.id).stdout.splitlines()
    assert [line.split("\t")[:2] for line in lines] == [["empty_file", "two\\nlines\\tand a tab.bin"]]
    client.upload(desk.folder / "sides", name="the-same")
    client.upload(desk.folder / "sides", name="also-the-same")
    done = desk.octet("datasets", "delete", "odd-lines", "the-same")
    assert (done.returncode, done.stderr.count("is removed")) == (0, 2), done.stderr
    told = desk.octet("datasets", "delete", "also-the-same", "--json")
    assert (json.loads(told.stdout), told.stderr) == ({"removed": ["also-the-same"]}, "")
    assert not {"odd-lines", "the-same"} & {found.name for found in client.datasets()}
    gone = desk.octet("datasets", "delete", "odd-lines")
    assert (gone.returncode, "no data set has the" in gone.stderr) == (4, True), gone.stderr


def test_a_run_is_removed_once_it_has_ended(desks, client):
    """The worker holds the first of two, so that the second ends as soon as it is cancelled."""
    desk = desks("removal")
    client.upload(desk.folder / "sides", desk.folder / "labels.csv", "for removal")
    first, second = (client.submit({"dataset": "for removal", "target": "side", "plan": PLAN}).id for _ in range(2))
    client.cancel(second)
    list(client.watch(second, every_s=0.2))
    assert desk.octet("runs", "delete", second).returncode == 0
    gone = desk.octet("runs", "delete", second)
    assert (gone.returncode, gone.stdout) == (4, "")
    assert "no run has the id" in gone.stderr
    early = desk.octet("runs", "delete", first)
    assert (early.returncode, f"octet runs cancel {first}" in early.stderr) == (4, True), early.stderr
    client.cancel(first)


def test_a_data_set_is_added_shown_and_used_again(desks, client):
    desk = desks("added", seed=31)
    added = desk.octet("datasets", "add", "sides", "--labels", "labels.csv", "--name", "cli-added")
    assert added.returncode == 0, added.stderr
    made = client.dataset("cli-added")
    assert added.stdout == f"{made.id}\n"
    assert "side (2 classes)" in added.stderr
    again = desk.octet("datasets", "add", "sides", "--labels", "labels.csv", "--name", "cli-added", "--json")
    assert json.loads(again.stdout)["id"] == made.id
    assert "was there already" in again.stderr
    shown = desk.octet("datasets", "show", "cli-added").stdout
    for words in (made.id, "40", "categorical, 40 labelled: high 20, low 20"):
        assert words in shown
    assert json.loads(desk.octet("datasets", "show", made.id, "--json").stdout)["files"] == 40
    (desk.folder / "sides/000.bin").write_bytes(b"other content")
    other = desk.octet("datasets", "add", "sides", "--labels", "labels.csv", "--name", "cli-added")
    assert (other.returncode, "--name cli-added-2" in other.stderr) == (4, True), other.stderr
    client.delete_dataset("cli-added")


def test_what_cannot_be_added_is_said(desk):
    twice = desk.octet("datasets", "add", "sides", "--labels", "labels.csv", "--folder-labels", "side")
    assert (twice.returncode, "give one of them" in twice.stderr) == (2, True)
    column = desk.octet("datasets", "add", "sides", "--id-column", "file")
    assert (column.returncode, "give --labels, too" in column.stderr) == (2, True)
    assert desk.octet("datasets", "add", "nowhere").returncode == 2
    assert desk.octet("datasets", "show", "nosuch").returncode == 4
