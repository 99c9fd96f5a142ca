"""Labels as people hold them in Python become the CSV that a person would have written."""

import csv
import io

import pyarrow
import pytest

from octet.labels import csv_of

TABLE = [{"ID": "a", "kind": "spam", "size": "3"}, {"ID": "b", "kind": "ham", "size": ""}]


def rows(labels, target=None, id_column=None):
    text = b"".join(csv_of(labels, target, id_column).pieces()).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    "labels",
    [
        {"a": {"kind": "spam", "size": 3}, "b": {"kind": "ham"}},
        [("a", {"kind": "spam", "size": 3}), ("b", {"kind": "ham", "size": None})],
        [{"ID": "a", "kind": "spam", "size": 3}, {"ID": "b", "kind": "ham", "size": float("nan")}],
        iter([{"ID": "a", "kind": "spam", "size": 3}, {"ID": "b", "kind": "ham"}]),
        pyarrow.table({"ID": ["a", "b"], "kind": ["spam", "ham"], "size": [3, None]}),
    ],
    ids=["by id", "pairs", "rows", "any iterable", "a table of pyarrow"],
)
def test_the_same_labels_in_any_shape_are_the_same_table(labels):
    assert rows(labels) == TABLE


@pytest.mark.parametrize("labels", [{"a": "spam", "b": "ham"}, [("a", "spam"), ("b", "ham")]], ids=["by id", "pairs"])
def test_labels_of_one_target_take_its_name(labels):
    assert rows(labels, "kind") == [{"ID": "a", "kind": "spam"}, {"ID": "b", "kind": "ham"}]
    with pytest.raises(ValueError, match="target="):
        rows(labels)


def test_text_is_text_and_only_what_is_no_value_is_missing():
    labels = [("1", "None"), ("2", "nan"), ("3", None), ("4", 'a "b", c\nd'), ("5", 0), ("6", False), ("7", 1e-9)]
    assert [row["x"] for row in rows(labels, "x")] == ["None", "nan", "", 'a "b", c\nd', "0", "False", "1e-09"]


def test_the_column_of_ids_is_called_as_wanted():
    assert rows({"a": 1}, "n", "file") == [{"file": "a", "n": "1"}]


def test_a_path_is_sent_as_it_stands(tmp_path):
    (tmp_path / "labels.csv").write_bytes(b"ID;kind\r\n1;x\r\n")
    assert b"".join(csv_of(tmp_path / "labels.csv", None, None).pieces()) == b"ID;kind\r\n1;x\r\n"


@pytest.mark.parametrize(
    ("labels", "said"),
    [([], "not one row"), ({}, "not one row"), (["spam", "ham"], "neither: 'spam'"), ([(1, 2, 3)], "neither")],
)
def test_what_names_no_file_is_refused(labels, said):
    with pytest.raises(ValueError, match=said):
        rows(labels, "kind")
