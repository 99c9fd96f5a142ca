"""Sampling is a pure function of (seed, epoch, position)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.training.sampling import Sampler, class_balance, crop_starts, seed_of_step

FILES = np.arange(100, 123)


def test_every_file_stands_once_in_an_epoch_and_the_rest_is_dropped():
    sampler = Sampler(FILES, 7)
    steps = len(FILES) // 4
    for epoch in range(3):
        drawn = np.concatenate([sampler.batch(epoch * steps + at, 4)[0] for at in range(steps)])
        assert len(set(drawn.tolist())) == len(drawn) == 20
        assert set(drawn.tolist()) <= set(FILES.tolist())


def test_a_batch_does_not_depend_on_what_was_asked_before():
    steps = [0, 3, 17, 4, 0]
    used = Sampler(FILES, 7)
    for step in steps:
        files, crops = used.batch(step, 5)
        fresh_files, fresh_crops = Sampler(FILES, 7).batch(step, 5)
        assert files.tolist() == fresh_files.tolist()
        assert crops.tolist() == fresh_crops.tolist()


def test_epochs_and_seeds_give_other_orders_and_other_crops():
    def epoch(seed, number):
        files, crops = Sampler(FILES, seed).batch(number, len(FILES))
        return files.tolist(), crops.tolist()

    for part in (0, 1):
        assert epoch(1, 0)[part] != epoch(1, 1)[part]
        assert epoch(1, 0)[part] != epoch(2, 0)[part]


def test_the_numbers_are_those_of_the_first_release():
    """A run that is resumed by a newer version must see the same files."""
    files, crops = Sampler(np.arange(8), 1).batch(0, 8)
    assert files.tolist() == [0, 6, 5, 3, 4, 7, 2, 1]
    assert crops[:2].tolist() == pytest.approx([0.30931491118583454, 0.3569562367935075], abs=1e-15)
    assert seed_of_step(1, 0) == 5870659442434548956


@given(length=st.integers(1, 10_000), max_length=st.integers(1, 10_000), crop=st.floats(0, 1, exclude_max=True))
@settings(max_examples=300, deadline=None)
def test_a_uniform_crop_lies_inside_and_never_at_the_very_end(length, max_length, crop):
    start = int(crop_starts(np.array([length]), np.array([crop]), max_length, "uniform")[0])
    assert start in range(max(1, length - max_length))


def test_uniform_crops_reach_every_start():
    crops = Sampler(np.arange(3000), 0).batch(0, 3000)[1]
    starts = crop_starts(np.full(3000, 14), crops, 8, "uniform")
    counts = np.bincount(starts)
    assert len(counts) == 6  # {0 .. 14 - 8 - 1}
    assert counts.min() > 400


def test_from_start_begins_at_the_start():
    assert crop_starts(np.array([5, 500]), np.array([0.9, 0.9]), 8, "from_start").tolist() == [0, 0]


def test_balanced_classes_are_drawn_equally_often():
    labels = np.array([0] * 900 + [1] * 90 + [2] * 10)
    sampler = Sampler(np.arange(1000), 3, class_balance([labels]))
    drawn = np.concatenate([sampler.batch(step, 1000)[0] for step in range(3)])
    shares = np.bincount(labels[drawn]) / len(drawn)
    assert shares == pytest.approx([1 / 3] * 3, abs=0.04)


def test_balance_adds_up_over_columns_and_a_missing_label_weighs_nothing():
    first, second, nothing = np.array([0, 0, 1, -1]), np.array([-1, 2, 2, 2]), np.array([-1, -1, -1, -1])
    assert class_balance([first]).tolist() == [0.5, 0.5, 1.0, 0.0]
    assert class_balance([first, second]).tolist() == pytest.approx([1 / 2, 5 / 6, 4 / 3, 1 / 3])
    assert class_balance([first, nothing]).tolist() == class_balance([first]).tolist()


def test_a_file_that_weighs_nothing_is_never_drawn():
    labels = np.array([-1, 0, -1, 1, -1])
    sampler = Sampler(np.arange(5), 3, class_balance([labels]))
    drawn = np.concatenate([sampler.batch(step, 5)[0] for step in range(400)])
    assert set(drawn.tolist()) == {1, 3}


def test_steps_have_seeds_of_their_own():
    seeds = {seed_of_step(seed, step) for seed in (0, 1, 2**63 - 1) for step in range(200)}
    assert len(seeds) == 600
    assert all(0 <= seed < 2**63 for seed in seeds)
