"""The division into training and validation files."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from models.training.split import SplitError, split

IDS = [f"id{i}" for i in range(53)]
ALL = np.ones(len(IDS), bool)


def divided(ids=IDS, usable=None, *, valid_size=0.1, manual=None, seed=0):
    usable = np.ones(len(ids), bool) if usable is None else usable
    return split(ids, usable, valid_size=valid_size, manual=manual, seed=seed)


@pytest.mark.parametrize("valid_size", [0.1, 0.33, 0.019, 1, 7, 52])
@pytest.mark.parametrize("seed", [0, 1, 12345, 2**40])
def test_it_is_scikit_learns_split_of_the_sorted_ids(valid_size, seed):
    train, valid = train_test_split(sorted(IDS), test_size=valid_size, random_state=seed % 2**32)
    ours = divided(valid_size=valid_size, seed=seed)
    assert {IDS[i] for i in ours.train} == set(train)
    assert {IDS[i] for i in ours.valid} == set(valid)


def test_a_share_is_rounded_up_and_a_float_above_one_is_a_count():
    assert len(divided(valid_size=0.001).valid) == 1
    assert len(divided(valid_size=0.1).valid) == 6
    assert len(divided(valid_size=5.0).valid) == 5


def test_files_without_any_label_are_on_neither_side():
    usable = np.arange(len(IDS)) % 3 > 0
    ours = divided(usable=usable, valid_size=0.5)
    both = np.concatenate([ours.train, ours.valid])
    assert sorted(both.tolist()) == np.flatnonzero(usable).tolist()


def test_the_named_ids_validate():
    ours = divided(manual=["id3", "id50"])
    assert [IDS[i] for i in ours.valid] == ["id3", "id50"]
    assert len(ours.train) == 51


@pytest.mark.parametrize("valid_size", [1.0, 0.0, 53, 100, 0.99])
def test_a_size_that_leaves_a_side_empty_is_refused(valid_size):
    with pytest.raises(SplitError, match=r"valid_size .* at least one to train and one to validate"):
        divided(valid_size=valid_size)


def test_too_few_files_are_refused():
    with pytest.raises(SplitError, match="at least 2"):
        divided(usable=np.arange(len(IDS)) == 0)


def test_unknown_ids_are_named():
    with pytest.raises(SplitError, match='names 2 IDs the data set does not have: "x", "nobody"; use'):
        divided(manual=["id1", "x", "nobody"])


def test_named_ids_must_leave_both_sides_filled():
    with pytest.raises(SplitError, match="leaves 0 labelled files to train"):
        divided(manual=IDS)
