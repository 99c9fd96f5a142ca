"""A file of any length is read in bounded time, from its first byte to its last."""

import numpy as np
import pytest

from models.nn.spread import MOST_READ, spread, spread_bytes


@pytest.mark.parametrize("length", [1, 7, 64])
def test_all_of_a_short_file_is_one_range(length):
    assert spread(length, 64, 8).tolist() == [[0, length]]
    assert spread_bytes(length, 64, 8) == length


def test_an_empty_file_has_no_range():
    assert spread(0).shape == (0, 2)


@pytest.mark.parametrize("length", [65, 66, 71, 100, 1000, 12345, 10**12])
@pytest.mark.parametrize(("most", "block"), [(64, 8), (64, 9), (64, 32), (17, 1)])
def test_of_a_long_one_blocks_from_the_first_byte_to_the_last_that_do_not_overlap(length, most, block):
    ranges = spread(length, most, block)
    assert ranges[0, 0] == 0
    assert ranges[-1, 1] == length
    assert (ranges[:, 1] - ranges[:, 0] == block).all()
    assert (ranges[1:, 0] >= ranges[:-1, 1]).all()
    gaps = np.diff(ranges[:, 0])
    assert gaps.max() - gaps.min() <= 1
    assert spread_bytes(length, most, block) == len(ranges) * block <= most


def test_by_default_a_terabyte_is_read_like_4_mib():
    assert spread_bytes(1 << 40) == MOST_READ
    assert len(spread(1 << 40)) == 64


def test_blocks_too_large_to_be_spread_are_refused():
    with pytest.raises(ValueError, match="two blocks of 40 bytes do not fit into 64"):
        spread(100, 64, 40)
