"""The table of answers: its columns, and one result however it was parted, the same in both forms."""

import csv

import numpy as np
import pyarrow.parquet as pq
import pytest

from models.config import TargetSpec
from models.inference.results import Layout

CLASSES = ['a "quoted", one', "two\nlines", "Größe", "plain"]
TARGETS = [TargetSpec("kind", "categorical", CLASSES), TargetSpec("level", "continuous")]
ROWS = 1000


def tables(layout, batch):
    """The rows in batches; among the numbers are the smallest, a third and the largest."""
    draw = np.random.default_rng(1)
    shares = draw.dirichlet(np.ones(len(CLASSES)), ROWS)
    levels = draw.normal(size=ROWS)
    levels[:3] = 5e-324, 1 / 3, 1.7e308
    for first in range(0, ROWS, batch):
        here = slice(first, first + batch)
        ids = [f"new/{at:04d}, ü" for at in range(*here.indices(ROWS))]
        lengths = [2**40 + at for at in range(len(ids))]
        yield layout.table(ids, lengths, [9] * len(ids), {"kind": shares[here], "level": levels[here]})


def joined(folder, parts_of):
    """The whole out of parts of so many batches of 64."""
    folder.mkdir()
    layout = Layout(TARGETS)
    batches = list(tables(layout, 64))
    parts = []
    for at in range(0, len(batches), parts_of):
        parts.append(folder / f"part-{at}.parquet")
        layout.write_part(parts[-1], batches[at : at + parts_of])
    layout.join(parts, folder / "result.parquet", folder / "result.csv")
    return folder / "result.parquet", folder / "result.csv"


def test_the_whole_has_the_same_bytes_however_it_was_parted(tmp_path):
    made = [[path.read_bytes() for path in joined(tmp_path / str(size), size)] for size in (1, 3, 100)]
    assert made[0] == made[1] == made[2]


def test_both_forms_hold_the_same_values_bit_for_bit(tmp_path):
    parquet, text = joined(tmp_path / "both", 5)
    table = pq.read_table(parquet)
    assert table.column_names == ["id", "bytes", "read", "kind", *(f"kind:{name}" for name in CLASSES), "level"]
    with text.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    read = {"id": str, "kind": str, "bytes": int, "read": int}
    assert [{name: read.get(name, float)(cell) for name, cell in row.items()} for row in rows] == table.to_pylist()
    assert [row["level"] for row in table.slice(0, 3).to_pylist()] == [5e-324, 1 / 3, 1.7e308]
    assert all(row["kind"] == max(CLASSES, key=lambda name: row[f"kind:{name}"]) for row in table.to_pylist())


@pytest.mark.parametrize(
    ("targets", "names"),
    [
        ([TargetSpec("bytes", "continuous")], ["bytes_2"]),
        ([TargetSpec("a", "categorical", ["b"]), TargetSpec("a:b", "continuous")], ["a", "a:b", "a:b_2"]),
        ([TargetSpec("id_2", "continuous"), TargetSpec("id", "continuous")], ["id_2", "id_3"]),
    ],
    ids=["ours", "class", "twice"],
)
def test_a_name_that_is_taken_gets_a_number(targets, names):
    assert Layout(targets).schema.names == ["id", "bytes", "read", *names]


def test_how_unlike_the_training_files_they_are_is_a_column_of_its_own():
    layout = Layout([TargetSpec("unlike_training", "continuous")], unlike=True)
    table = layout.table(["a", "b"], [3, 4], [3, 4], {"unlike_training": np.array([7.0, 8.0])}, [0.25, 1.0])
    assert table.to_pydict() == {
        "id": ["a", "b"],
        "bytes": [3, 4],
        "read": [3, 4],
        "unlike_training": [0.25, 1.0],
        "unlike_training_2": [7.0, 8.0],
    }


def test_however_many_classes_a_part_stays_small():
    wide = Layout([TargetSpec("kind", "categorical", [str(at) for at in range(5000)])])
    assert 64 <= wide.part_rows <= 1024
