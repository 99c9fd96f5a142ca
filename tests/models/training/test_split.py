"""The division into training and validation files: classes in proportion, equal files together, oddities said.

OCTET_TEST_EXAMPLES: how many examples of the properties are tried; few in the suite.
"""

import math
import os
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from models.packed import LabelTable
from models.training.split import SplitError, split

many = settings(max_examples=int(os.environ.get("OCTET_TEST_EXAMPLES", "80")), deadline=None)
IDS = [f"id{i:02d}" for i in range(53)]


def digests_of(contents):
    """A digest for each file; equal contents, equal digests."""
    numbers = {content: at for at, content in enumerate(dict.fromkeys(contents))}
    found = np.zeros((len(contents), 32), np.uint8)
    for at, content in enumerate(contents):
        found[at] = np.random.RandomState(numbers[content]).randint(0, 256, 32)
    return found


def divided(*columns, contents=None, valid_size=0.1, manual=None, seed=0, declared=None):
    """The split of files with these columns of labels (None = missing)."""
    ids = [f"f{at:04d}" for at in range(len(columns[0]))]
    table = LabelTable.of(ids, {f"t{at}": cells for at, cells in enumerate(columns)}, declared)
    targets = [table.target(name) for name in table.columns]
    digests = digests_of(contents or ids)
    return split(ids, digests, targets, valid_size=valid_size, manual=manual, seed=seed)


def counts(column, places):
    return Counter(column[at] for at in places)


def said(found, words):
    return [note for note in found.notes if words in note]


@pytest.mark.parametrize("valid_size", [0.1, 0.33, 0.019, 1, 7, 52])
@pytest.mark.parametrize("seed", [0, 1, 12345, 2**40])
def test_with_nothing_to_balance_it_is_scikit_learns_split_of_the_sorted_ids(valid_size, seed):
    train, valid = train_test_split(IDS, test_size=valid_size, random_state=seed % 2**32)
    ours = divided(["a"] * len(IDS), valid_size=valid_size, seed=seed)
    assert {IDS[i] for i in ours.train} == set(train)
    assert {IDS[i] for i in ours.valid} == set(valid)
    assert ours.how == "at random"


def test_a_share_is_rounded_up_and_a_float_above_one_is_a_count():
    column = ["ab"[i % 2] for i in range(53)]
    assert [len(divided(column, valid_size=size).valid) for size in (0.001, 0.1, 5.0)] == [1, 6, 5]


def test_files_without_any_label_are_on_neither_side():
    column = [None if i % 3 == 0 else "ab"[i % 2] for i in range(53)]
    ours = divided(column, valid_size=0.5)
    both = np.concatenate([ours.train, ours.valid])
    assert sorted(both.tolist()) == [i for i in range(53) if i % 3]


@st.composite
def labelled(draw):
    """Columns with rare and common classes, missing cells and numbers, equal files, and a size that can be had."""
    n = draw(st.integers(3, 60))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    columns = []
    for _ in range(draw(st.integers(1, 3))):
        classes = draw(st.integers(1, 12))
        column = [chr(97 + int(code)) for code in random.geometric(0.3, n) % classes]
        if draw(st.booleans()):
            column = [None if random.random() < 0.4 else cell for cell in column]
        if draw(st.booleans()):
            column = [None if cell is None else round(random.normal(), 1) + 0.01 for cell in column]
        columns.append(column)
    contents = [int(c) for c in random.integers(0, draw(st.sampled_from([3, 10, 1000])), n)]
    usable = [i for i in range(n) if any(column[i] is not None for column in columns)]
    if len({contents[i] for i in usable}) < 2:
        return draw(labelled())
    valid_size = draw(st.integers(1, len(usable) - 1) | st.floats(0.01, 0.9))
    if isinstance(valid_size, float) and math.ceil(valid_size * len(usable)) >= len(usable):
        valid_size = 1
    return columns, contents, usable, valid_size, draw(st.integers(0, 9))


@many
@given(labelled())
def test_it_is_a_partition_of_the_labelled_files_and_equal_files_stay_together(case):
    columns, contents, usable, valid_size, seed = case
    ours = divided(*columns, contents=contents, valid_size=valid_size, seed=seed)
    assert sorted([*ours.train.tolist(), *ours.valid.tolist()]) == usable
    assert not {contents[i] for i in ours.train} & {contents[i] for i in ours.valid}
    asked = valid_size if isinstance(valid_size, int) else math.ceil(valid_size * len(usable))
    largest = max(Counter(contents[i] for i in usable).values())
    assert asked - largest < len(ours.valid) <= max(asked, largest)
    again = divided(*columns, contents=contents, valid_size=valid_size, seed=seed)
    assert again.valid.tolist() == ours.valid.tolist()
    assert again.notes == ours.notes


@many
@given(labelled())
def test_each_class_of_two_different_files_is_trained_on_unless_validation_asks_for_too_many(case):
    """One file of each class is kept back; only when all others validate already is one of them taken, and said."""
    columns, contents, usable, valid_size, seed = case
    ours = divided(*columns, contents=contents, valid_size=valid_size, seed=seed)
    asked = valid_size if isinstance(valid_size, int) else math.ceil(valid_size * len(usable))
    groups = {c: sum(contents[i] == c for i in usable) for c in (contents[i] for i in usable)}
    held = 0  # files that are kept back at most: the largest group of every class
    unlearnt = {}
    for at, column in enumerate(columns):
        if any(isinstance(cell, float) for cell in column):
            held += 11 * max(groups.values())  # numbers are kept back by ten quantiles
            continue
        for name in {column[i] for i in usable} - {None}:
            members = {contents[i] for i in usable if column[i] == name}
            held += max(groups[c] for c in members)
            if name not in {column[i] for i in ours.train}:
                unlearnt.setdefault(f"t{at}", []).append((name, len(members)))
    if max(groups.values()) <= asked <= len(usable) - held:
        assert unlearnt == {}
    for target in unlearnt:
        assert said(ours, f"target '{target}'")
        assert said(ours, "the model cannot learn them")


def test_classes_validate_in_proportion():
    column = ["a"] * 500 + ["b"] * 300 + ["c"] * 200
    for seed in range(5):
        found = divided(column, valid_size=0.1, seed=seed)
        got = counts(column, found.valid)
        assert all(abs(got[name] - 0.1 * column.count(name)) <= 1 for name in "abc"), got
        assert found.how == "in proportion by 't0'"
        assert found.notes == ()


def test_numbers_validate_over_their_whole_range():
    values = [0.5 + i * i for i in range(100)]
    for seed in range(5):
        found = divided(values, valid_size=10, seed=seed)
        assert sorted(at // 10 for at in found.valid.tolist()) == list(range(10))
        assert found.how == "in proportion by 't0' (its quantiles)"


def test_of_several_targets_the_first_is_divided_and_within_it_the_second():
    first = ["ab"[i % 2] for i in range(240)]
    second = ["xyz"[i // 2 % 3] for i in range(240)]
    found = divided(first, second, valid_size=24, seed=3)
    assert counts(list(zip(first, second, strict=True)), found.valid) == dict.fromkeys(
        [(a, x) for a in "ab" for x in "xyz"], 4
    )
    assert found.how == "in proportion by 't0', then 't1'"


CLASSES_OF_H7 = ["a"] + ["b"] * 2 + ["c"] * 2 + [name for name in "defghij" for _ in range(10)]
"""Sorted by class: one file, twice two, seven times ten."""


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("valid_size", "files", "classes"), [(0.1, 8, 5), (2, 2, 2), (12, 12, 9), (0.5, 38, 9)])
def test_a_lone_file_trains_and_a_table_sorted_by_class_still_validates_on_several(seed, valid_size, files, classes):
    found = divided(CLASSES_OF_H7, valid_size=valid_size, seed=seed)
    validating = counts(CLASSES_OF_H7, found.valid)
    assert (found.valid.size, validating["a"]) == (files, 0)
    assert len(validating) >= classes
    assert set(counts(CLASSES_OF_H7, found.train)) == set("abcdefghij")
    assert said(found, "no file in validation ('a'")


def test_a_class_of_two_has_one_on_each_side_when_there_is_room():
    for seed in range(10):
        assert {"b", "c"} <= set(counts(CLASSES_OF_H7, divided(CLASSES_OF_H7, valid_size=12, seed=seed).valid))


def test_rare_classes_never_take_more_than_half_of_validation():
    column = ["common"] * 900 + [f"rare{i // 2}" for i in range(300)]
    got = counts(column, divided(column, valid_size=151).valid)
    assert 105 <= got["common"] <= 121  # its share is 113


def test_equal_files_stay_together_and_are_said():
    contents = [i // 5 for i in range(100)]
    column = ["ab"[i // 5 % 2] for i in range(100)]
    found = divided(column, contents=contents, valid_size=0.12)
    assert len(found.valid) == 10
    assert said(found, "100 files have the same bytes as another one (20 groups, the largest of 5)")
    assert said(found, "valid_size asks for 12 files and 10 validate")


def test_a_class_stays_in_training_where_only_its_last_files_would_fill_validation_up():
    """Pairs of equal files, three asked for: the lone file of `c` would make it three."""
    contents = [i // 2 for i in range(20)] + [99]
    for seed in range(10):
        found = divided(["ab"[i // 2 % 2] for i in range(20)] + ["c"], contents=contents, valid_size=3, seed=seed)
        assert (len(found.valid), 20 in found.train) == (2, True)


def test_a_group_larger_than_validation_trains():
    contents = [0] * 50 + list(range(1, 51))
    for seed in range(5):
        found = divided(["ab"[i % 2] for i in range(100)], contents=contents, valid_size=10, seed=seed)
        assert (len(found.valid), found.valid.min() >= 50) == (10, True)


def test_equal_files_with_different_labels_are_said():
    found = divided(["a", "b", "a", "b"], contents=[1, 1, 2, 3], valid_size=1)
    assert said(found, "files with the same bytes have different labels, in 1 group ('f0000', 'f0001')")


def test_files_that_are_all_equal_are_refused():
    with pytest.raises(SplitError, match=r"all 4 labelled files have the same bytes.*check how the files were made"):
        divided(["a", "b", "a", "b"], contents=[1] * 4, valid_size=1)


def test_as_many_classes_as_files_are_divided_and_what_cannot_be_learnt_is_said():
    found = divided([f"c{i}" for i in range(20)], valid_size=4)
    assert len(found.valid) == 4
    (note,) = said(found, "the model cannot learn them")
    assert "4 of 20 classes stand in validation alone" in note


def test_a_target_that_validation_cannot_measure_is_said():
    found = divided(["ab"[i % 2] for i in range(20)], ["x"] + [None] * 19, [1.5] + [None] * 19, [2.5] * 20)
    assert len(said(found, "no validation file has a label of it")) == 2
    assert said(found, "target 't3': all labels in validation are 2.5, so r2, pcc and explained-variance are left out")
    assert said(divided(["a"] * 19 + ["b"], valid_size=1), "validation holds a single class")


def test_few_numbers_among_many_files_are_on_both_sides():
    """Three of forty files have a number: one validates, so that the target is measured at all."""
    scores = [1.5, 2.5, 3.5] + [None] * 37
    for seed in range(10):
        found = divided(["ab"[i % 2] for i in range(40)], scores, valid_size=0.2, seed=seed)
        assert {scores[i] is None for i in found.valid} == {scores[i] is None for i in found.train} == {True, False}


def test_the_named_ids_validate():
    ours = divided(["ab"[i % 2] for i in range(53)], manual=["f0003", "f0050"])
    assert ours.valid.tolist() == [3, 50]
    assert (len(ours.train), ours.how, ours.notes) == (51, "manual_valid_ids", ())


def test_named_ids_with_the_bytes_of_a_training_file_are_said_and_left_where_they_are():
    ours = divided(["a", "b"] * 4, contents=[0, 0, 1, 2, 3, 4, 5, 6], manual=["f0000", "f0003"])
    assert ours.valid.tolist() == [0, 3]
    (note,) = said(ours, "1 validation file of 2 with the bytes of a training file ('f0000')")
    assert "name all files of the same bytes, or none" in note


def test_classes_that_named_ids_take_from_training_are_said():
    ours = divided(["a", "b", "c", "b"] * 4, manual=["f0000", "f0004", "f0008", "f0012"])
    assert said(ours, "1 of 3 classes stand in validation alone ('a')")
    assert said(ours, "2 of 3 classes have no file in validation ('b', 'c')")


@pytest.mark.parametrize("valid_size", [1.0, 0.0, 53, 100, 0.99])
def test_a_size_that_leaves_a_side_empty_is_refused(valid_size):
    with pytest.raises(SplitError, match=r"valid_size .* at least one to train and one to validate"):
        divided(["ab"[i % 2] for i in range(53)], valid_size=valid_size)


def test_too_few_files_are_refused():
    with pytest.raises(SplitError, match="at least 2"):
        divided(["a", None, None])


def test_unknown_ids_are_named():
    with pytest.raises(SplitError, match='names 2 IDs the data set does not have: "x", "nobody"; use'):
        divided(["a", "b"], manual=["f0001", "x", "nobody"])


def test_named_ids_must_leave_both_sides_filled():
    with pytest.raises(SplitError, match="leaves 0 labelled files to train"):
        divided(["a", "b"], manual=["f0000", "f0001"])
