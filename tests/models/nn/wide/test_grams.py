"""Hashes of n-grams: what is equal, what differs, and where a file ends."""

import numpy as np
import pytest

from models.nn.wide.gram_kinds import GramKinds
from models.nn.wide.grams import HASH_BITS, ROW_BITS, at_level, keys
from models.nn.wide.tally import BLOCK, blocks, tallied


def bytes_of(text: bytes) -> np.ndarray:
    return np.frombuffer(text, np.uint8)


def hashes(text: bytes, order: int, **more) -> list[int]:
    return (keys(bytes_of(text), np.array([len(text)]), np.array([0]), order, **more) >> np.uint64(ROW_BITS)).tolist()


@pytest.mark.parametrize("order", [1, 2, 5, 8, 9, 12, 16, 17])
def test_equal_windows_have_equal_hashes_and_others_do_not(order):
    data = np.random.default_rng(order).integers(0, 256, 3000, dtype=np.uint8).tobytes()
    found = hashes(data + data, order)
    assert found[: 3000 - order] == found[3000 : 6000 - order]
    windows = {data[i : i + order] for i in range(len(data) - order + 1)}
    assert len(set(hashes(data, order))) == len(windows)
    assert max(found) < 2**HASH_BITS


def test_every_byte_of_a_long_window_counts():
    window = bytes(range(20))
    others = [window[:i] + b"\xff" + window[i + 1 :] for i in range(20)]
    assert len({hashes(other, 20)[0] for other in [window, *others]}) == 21


def test_windows_of_different_orders_and_levels_have_different_hashes():
    zeros = bytes(32)
    assert len({hashes(zeros, order)[0] for order in range(1, 20)}) == 19
    base = np.array([7], np.uint64)
    assert len({int(at_level(base, level)[0]) for level in (1, 2, 3, 4)}) == 4


def test_no_window_crosses_the_end_of_a_file():
    together = keys(bytes_of(b"abcdxyz"), np.array([4, 7]), np.array([0, 1]), 3)
    alone = [*hashes(b"abcd", 3), *hashes(b"xyz", 3)]
    assert (together >> np.uint64(ROW_BITS)).tolist() == alone
    assert (together & np.uint64((1 << ROW_BITS) - 1)).tolist() == [0, 0, 1]


def test_a_placed_window_is_another_at_another_place_and_ends_after_the_first_bytes():
    found = hashes(bytes(3000), 1, placed=1024)
    assert len(found) == len(set(found)) == 1024
    assert hashes(b"xab", 1, placed=9)[1] != hashes(b"ab", 1, placed=9)[0]


def test_files_shorter_than_a_window_have_none():
    assert hashes(b"", 1) == []
    assert hashes(b"ab", 3) == []


@pytest.mark.parametrize("length", [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 5])
def test_a_long_file_in_pieces_counts_each_window_once(length):
    data = np.random.default_rng(0).integers(0, 4, length, dtype=np.uint8)
    found = np.concatenate([block.keys(6, placed=0) for block in blocks([data], 20)])
    whole = keys(data, np.array([length]), np.array([0]), 6)
    assert np.array_equal(np.sort(found), np.sort(whole))
    known = np.unique(whole >> np.uint64(ROW_BITS)).astype(np.int64)
    tally = tallied([data], GramKinds((6,)), known)
    assert np.array_equal(tally.entries, np.arange(len(known)))
    assert tally.counts.sum() == length - 5
