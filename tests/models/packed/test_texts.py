"""Texts in flat buffers behave as the list of str they stand for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.packed.texts import GrowingTexts, Texts

LISTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=30)


@settings(deadline=None)
@given(LISTS, st.data())
def test_they_are_the_list_they_were_made_of(values, data):
    texts = Texts.of(values)
    assert list(texts) == values
    assert len(texts) == len(values)
    assert [texts[i] for i in texts.order()] == sorted(values)
    rows = data.draw(st.lists(st.integers(0, len(values) - 1))) if values else []
    taken = texts.take(rows)
    assert list(taken) == [values[row] for row in rows]
    assert taken == Texts.of([values[row] for row in rows])
    assert list(texts[1:-1:2]) == values[1:-1:2]


@settings(deadline=None)
@given(LISTS)
def test_long_texts_are_sorted_as_short_ones_are(values):
    long = [value * 30 for value in values]
    texts = Texts.of(long)
    assert [texts[i] for i in texts.order()] == sorted(long)


def test_an_index_out_of_range_is_an_error_and_negative_ones_count_from_the_end():
    texts = Texts.of(["a", "b"])
    assert texts[-1] == "b"
    for at in (2, -3):
        with pytest.raises(IndexError):
            texts[at]


def test_many_rows_are_taken_in_pieces():
    texts = Texts.of(str(i) for i in range(70_000))
    back = np.arange(70_000)[::-1]
    assert list(texts.take(back)) == [str(i) for i in back.tolist()]


def test_a_lone_surrogate_is_refused():
    with pytest.raises(UnicodeEncodeError):
        GrowingTexts().append("\udc80")
