"""Targets read from a table: classes as scikit-learn codes them, numbers as numpy counts them, types as a run asks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import LabelEncoder

from models.packed.labels import LabelTable
from models.packed.problems import LabelError


def table(**values) -> LabelTable:
    return LabelTable.of([f"f{i}" for i in range(len(next(iter(values.values()))))], values)


CLASSES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=4)


@settings(deadline=None)  # a busy machine is no fault
@given(st.lists(CLASSES.filter(lambda name: not name.isspace()), min_size=1, max_size=20))
def test_classes_are_sorted_and_coded_as_scikit_learn_does(names):
    encoder = LabelEncoder().fit(names)
    target = LabelTable.of([str(i) for i in range(len(names))], {"t": names}, {"t": "categorical"}).target("t")
    assert target.classes == encoder.classes_.tolist()
    assert target.codes.tolist() == encoder.transform(names).tolist()
    assert target.values == names


def test_missing_values_are_minus_one_and_nan():
    labels = table(kind=["b", None, "a"], level=[1.5, float("nan"), None])
    assert labels.target("kind").codes.tolist() == [1, -1, 0]
    assert labels.target("kind").values == ["b", None, "a"]
    np.testing.assert_array_equal(labels.target("level").numbers, [1.5, np.nan, np.nan])
    assert {name: target.missing.tolist() for name, target in labels.targets.items()} == {
        "kind": [False, True, False],
        "level": [False, True, True],
    }


def test_a_run_may_read_numbers_as_classes_letter_for_letter():
    target = table(n=["10", "9", "010", "1.5"]).as_type("n", "categorical")
    assert target.classes == ["010", "1.5", "10", "9"]
    assert target.values == ["10", "9", "010", "1.5"]


def test_a_run_may_read_classes_as_numbers_when_they_are_some():
    target = table(n=["1", "0", "", "1"]).as_type("n", "continuous")
    np.testing.assert_array_equal(target.values, [1, 0, np.nan, 1])
    with pytest.raises(LabelError, match="'k' cannot be continuous: the cell of 'f1' is 'x'") as refusal:
        table(k=["1", "x", "y"]).as_type("k", "continuous")
    assert [fault.id for fault in refusal.value.faults] == ["f1", "f2"]


def test_the_stored_type_is_read_as_it_was_summarised():
    """nan in a column of whole numbers was said as a problem: it stays missing, whichever way a run names the type."""
    labels = table(n=["1", "0", "nan"])
    assert labels.as_type("n", "categorical").values == ["1", "0", None]
    np.testing.assert_array_equal(labels.as_type("n", "continuous").values, [1, 0, np.nan])


def test_nan_that_was_declared_a_name_is_no_number_later():
    labels = LabelTable.of(["a", "b"], {"n": ["1.5", "nan"]}, {"n": "categorical"})
    assert labels.target("n").classes == ["1.5", "nan"]
    with pytest.raises(LabelError, match="the cell of 'b' is 'nan'"):
        labels.as_type("n", "continuous")


def test_an_unknown_target_is_refused_with_the_known_ones():
    with pytest.raises(LabelError, match="no target 'knd' in the labels; there are 'kind'"):
        table(kind=["a"]).target("knd")


def test_summaries_count_classes_and_describe_numbers():
    labels = table(kind=["b", None, "a", "b"], level=[1.5, 2.5, None, 4.25])
    kind, level = (labels.target(name).summary() for name in ("kind", "level"))
    assert (kind.labelled, kind.missing, kind.distinct, kind.classes) == (3, 1, 2, {"a": 1, "b": 2})
    assert (level.labelled, level.missing, level.distinct, level.classes) == (3, 1, 3, None)
    assert (level.min, level.max, level.mean) == (1.5, 4.25, 2.75)
    assert level.std == pytest.approx(np.std([1.5, 2.5, 4.25]))


def test_a_column_of_free_text_is_summarised_without_listing_it():
    summary = table(text=[f"line {i}" for i in range(10_001)]).target("text").summary()
    assert (summary.distinct, summary.classes) == (10_001, None)


def test_a_numberless_continuous_target_has_no_statistics():
    summary = LabelTable.of(["a"], {"n": [None]}, {"n": "continuous"}).target("n").summary()
    assert (summary.labelled, summary.mean, summary.std) == (0, None, None)


def test_columns_of_another_length_are_refused():
    with pytest.raises(LabelError, match="another number of values"):
        LabelTable.of(["a"], {"n": ["1", "2"]})


def test_values_cannot_be_changed_in_place():
    labels = table(kind=["a", "b"], level=[1.5, 2.5])
    for values in (labels.target("kind").codes, labels.target("level").numbers):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0
