"""Any bytes sent as labels, and any table that a CSV writer writes: read letter for letter, or refused with words.

OCTET_TEST_EXAMPLES says how many examples of each are tried; few in the suite, 100,000 by hand:
OCTET_TEST_EXAMPLES=100000 python -m pytest tests/models/packed/test_any_labels.py
"""

import csv
import io
import json
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.packed.labels_csv import LabelRows, read_labels
from models.packed.matching import same
from models.packed.problems import LabelError
from tests.models.packed.made import written

EXAMPLES = int(os.environ.get("OCTET_TEST_EXAMPLES", "150"))
by_hand = pytest.mark.timeout(0 if EXAMPLES > 1000 else 300)
many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("labels")


# ---- whatever a CSV writer writes


CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
IDS = st.text(st.characters(exclude_categories=["Cs", "Zs", "Cc"]), min_size=1, max_size=8).map(lambda i: "i" + i)
TABLES = st.dictionaries(IDS, st.tuples(CELLS, CELLS), min_size=1, max_size=8).filter(
    lambda table: len(table) == len({*map(same, table)})
)


@by_hand
@many
@given(
    table=TABLES,
    separator=st.sampled_from(",;\t"),
    ends=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_every_table_a_csv_writer_writes_is_read_back(place, table, separator, ends, encoding, quoting):
    """IDs and cells come back letter for letter: quotes, separators, line ends, zeros in front, any script."""
    if any("\r" in cell for values in table.values() for cell in values):
        quoting = csv.QUOTE_ALL  # Python 3.11 leaves a lone carriage return unquoted otherwise
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator=ends, quoting=quoting)
    writer.writerow(["ID", "first", "second"])
    writer.writerows([key, *values] for key, values in table.items())
    rows = read_labels(written(place / "table.csv", out.getvalue().encode(encoding)))
    columns = rows.table.columns
    values = zip(columns["first"].text, columns["second"].text, strict=True)
    assert dict(zip(rows.table.ids, values, strict=True)) == table
    assert list(rows.rows) == list(range(2, len(table) + 2))
    is_sound(rows)


# ---- whatever else is sent

PIECES = [
    *"abID,;\t\"'|.-% 015",
    "\n",
    "\r\n",
    '""',
    "1.5",
    "1,5",
    "1e999",
    "nan",
    "inf",
    "NA",
    "2024-01-31",
    "[1]",
    "{",
]
ODD = ["\0", "\ufeff", "\u00a0", "\u200b", "\u2028", "\x1c", "\x85", "\u00e9", "e\u0301", "\u0661", "\U0001f600", "\r"]
TEXTS = st.lists(st.sampled_from(PIECES + ODD), max_size=40).map("".join)
ENCODINGS = st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"])


@st.composite
def anything(draw: st.DrawFn) -> bytes:
    """Bytes of any kind, or something like a table in some encoding, now and then damaged."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    header = draw(st.sampled_from(["ID,k\n", "ID;k;l\n", "id\tk\r\n", 'k,"ID"\n', ""]))
    rows = draw(st.lists(st.tuples(*[st.sampled_from([*PIECES, "f1", "f2", "f3"])] * 3), max_size=8))
    separator = ";" if ";" in header else "\t" if "\t" in header else ","
    width = header.count(separator) + 1
    text = header + "".join(separator.join(row[:width]) + "\n" for row in rows) + draw(TEXTS)
    content = bytearray(text.encode(draw(ENCODINGS), "replace"))
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        at = draw(st.integers(0, len(content)))
        content[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(content)


@by_hand
@many
@given(
    content=anything(),
    declared=st.dictionaries(st.sampled_from(["k", "l"]), st.sampled_from(["categorical", "continuous"]), max_size=1),
    id_column=st.sampled_from([None, None, None, "k", "ID "]),
)
def test_no_content_at_all_brings_another_error_than_a_label_error(place, content, declared, id_column):
    try:
        rows = read_labels(written(place / "any.csv", content), declared=declared, id_column=id_column)
    except LabelError as error:
        is_said(error)
    else:
        is_sound(rows)


def is_said(error: LabelError) -> None:
    """Every fault has words that a log or a terminal can show."""
    assert error.faults
    assert all(fault.detail and fault.detail.isprintable() for fault in error.faults)


def is_sound(rows: LabelRows) -> None:
    """What was accepted can be read as what it was said to be, counted, and told as JSON; problems point into it."""
    table = rows.table
    assert len(table) == len(rows.rows) == len({*map(same, table.ids)}) > 0
    assert (np.diff(rows.rows) > 0).all()
    for problem in rows.problems.listed:
        assert problem.detail.isprintable()
        assert problem.row is None or problem.row >= 2
        assert problem.column is None or problem.column in table.columns
    for name, column in table.columns.items():
        summary = table.target(name).summary()
        assert summary.labelled + summary.missing == len(table)
        json.dumps(summary.model_dump(mode="json"), allow_nan=False)
        classes = table.as_type(name, "categorical")
        assert len(classes.codes) == len(column.text)
        try:
            numbers = table.as_type(name, "continuous").numbers
        except LabelError:
            continue
        assert np.isfinite(numbers[~np.isnan(numbers)]).all()
