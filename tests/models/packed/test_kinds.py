"""A column is told to be classes or numbers by the one rule, and a declared type overrules it."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.packed.kinds import KindOfColumn, number


def kind_of(cells, declared=None) -> KindOfColumn:
    kind = KindOfColumn(declared)
    for row, cell in enumerate(cells):
        kind.see(cell, row)
    return kind


@pytest.mark.parametrize(
    ("cells", "type"),
    [
        (["a", "b"], "categorical"),
        (["0", "1", "1"], "categorical"),
        (["0", "1", "1.0"], "continuous"),
        (["0", "1e3"], "continuous"),
        (["1.", "2"], "continuous"),
        ([".5", "2"], "continuous"),
        ([str(i) for i in range(20)], "categorical"),
        ([str(i) for i in range(21)], "continuous"),
        ([f"{i:03d}" for i in range(21)], "continuous"),
        (["+1", "-2", "1.5", "x"], "categorical"),
        (["0.5", "", "  "], "continuous"),
        (["", " "], "categorical"),
        (["1,5", "2,5"], "categorical"),
        (["1_000.5"], "categorical"),
        (["0x10", "2.5"], "categorical"),
        (["٣.٥"], "categorical"),
        (["1.5", "nan"], "continuous"),
        (["1", "nan", "inf"], "categorical"),
        (["nan", "inf"], "categorical"),
        (["1.5", "NA"], "categorical"),
        (["1.5", "None"], "categorical"),
        (["2024-01-01", "2024-01-02"], "categorical"),
        (["True", "False"], "categorical"),
    ],
)
def test_the_rule(cells, type):
    assert kind_of(cells).type == type


def test_a_declared_type_overrules():
    assert kind_of(["1.5", "2.5"], "categorical").type == "categorical"
    assert kind_of(["0", "1"], "continuous").type == "continuous"


def test_rows_of_nan_and_inf_are_kept_for_a_column_of_numbers():
    kind = kind_of(["1.5", "nan", "-Infinity", "1e999", ""])
    assert list(kind.not_finite) == [1, 2, 3]
    assert kind.nan_is_missing
    assert not kind_of(["bob", "nan"]).nan_is_missing
    assert not kind_of(["1", "nan"], "categorical").nan_is_missing


def test_cells_that_are_no_numbers_are_kept_for_a_declared_column():
    assert list(kind_of(["1", "x", "", "y"], "continuous").not_numbers) == [1, 3]


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_python_writes_is_read_back(value):
    assert number(repr(value)) == value
    assert number(f"{value:e}") == float(f"{value:e}")


@settings(deadline=None)
@given(st.text(max_size=6))
def test_what_is_read_as_a_number_is_one_for_python_too(text):
    value = number(text)
    assert value is None or value == float(text) or math.isnan(value)
