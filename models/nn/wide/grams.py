"""From bytes to 40-bit hashes of their n-grams: the same numbers in training and in prediction, on every machine."""

import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
UInt64 = NDArray[np.uint64]
Int64 = NDArray[np.int64]

HASH_BITS = 40
"""At 20 million distinct n-grams one in 50,000 shares its hash with another."""
ROW_BITS = 64 - HASH_BITS
"""What is left of a 64-bit key for the number of a file: 16 million files."""

_A, _B, _C = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0xD6E8FEB86659FD93)
"""Odd constants of splitmix64 (Steele et al. 2014) and xxHash64 (Collet)."""


def keys(data: UInt8, ends: Int64, rows: Int64, order: int, *, placed: int = 0, begin: int = 0) -> UInt64:
    """(hash << 24 | row) of every n-gram of files that lie one behind the other; none crosses the end of its file.

    data: (T,). ends: (R,) where each file ends in `data`. rows: (R,) its number, below 2^24. placed: of so many
    first bytes alone, with its place in the hash; 0: of all, wherever they stand. begin: where the first file's piece
    begins in that file. Returns at most T keys, uint64, in the order of the bytes.
    """
    if len(data) < order:
        return np.empty(0, np.uint64)
    lengths = np.diff(ends, prepend=0)
    windows = len(data) - order + 1
    place = np.arange(windows)
    good = place + order <= np.repeat(ends, lengths)[:windows]
    row = np.repeat(rows.astype(np.uint64), lengths)[:windows]
    grams = _windows(data, order)
    if placed:
        place -= np.repeat(ends - lengths, lengths)[:windows]
        place += begin
        good &= place < placed
        grams = grams * _A + (place.astype(np.uint64) + np.uint64(1)) * _C
    hashes = _mixed(grams[good], order + 1000 * (placed > 0))
    return (hashes << np.uint64(ROW_BITS)) | row[good]


def at_level(hashes: UInt64, level: int) -> UInt64:
    """The hashes of "at least `level` times"; level 1 is the n-gram itself."""
    return hashes if level == 1 else _mixed(hashes, 2000 + level)


def _windows(data: UInt8, order: int) -> UInt64:
    """(T - order + 1,) a number for each window: its bytes as they are up to 8, mixed 8 at a time beyond."""
    count = len(data) - order + 1
    first = min(order, 8)
    grams = np.zeros(count, np.uint64)
    for at in range(first):
        grams <<= np.uint64(8)
        grams |= data[at : at + count]
    for at in range(first, order):
        if at % 8 == 0:
            grams ^= grams >> np.uint64(29)
            grams *= _A
        grams = (grams << np.uint64(8) | grams >> np.uint64(56)) ^ data[at : at + count]
    return grams


def _mixed(numbers: UInt64, salt: int) -> UInt64:
    """40 bits that depend on all 64 and on the salt."""
    mixed = (numbers + np.uint64(salt)) * _A
    mixed ^= mixed >> np.uint64(32)
    mixed *= _B
    mixed ^= mixed >> np.uint64(29)
    mixed *= _A
    return mixed >> np.uint64(64 - HASH_BITS)
