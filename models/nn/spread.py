"""Which bytes of a very long file are read: blocks spread evenly from its first byte to its last."""

import numpy as np
from numpy.typing import NDArray

MOST_READ = 4 << 20
"""Bytes of one file that are read at most, so that a file of any length takes bounded time and memory."""
BLOCK = 1 << 16
"""Bytes of one range of a longer file: 64 ranges, each long enough that the n-grams cut at its ends do not count."""


def spread(length: int, most: int = MOST_READ, block: int = BLOCK) -> NDArray[np.int64]:
    """The ranges (R, 2) int64 of a file of `length` bytes that are read: begin and end, rising, apart, none empty.

    All of a file of up to `most` bytes, as one range; of a longer one `most // block` blocks, evenly placed, the first
    at the first byte and the last at the end. Raises ValueError when not even two blocks fit into `most`.
    """
    if block < 1 or most < 2 * block:
        raise ValueError(f"two blocks of {block} bytes do not fit into {most}; take smaller blocks")
    if length <= most:
        return np.array([[0, length]], np.int64)[: min(length, 1)]
    blocks = most // block
    begins = np.arange(blocks, dtype=np.int64) * (length - block) // (blocks - 1)
    return np.stack([begins, begins + block], axis=1)


def spread_bytes(length: int, most: int = MOST_READ, block: int = BLOCK) -> int:
    """How many bytes the ranges of `spread` hold together."""
    return length if length <= most else most // block * block


def excerpt(file: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is read of a file (T,): its ranges of `spread`, one behind the other; up to MOST_READ bytes uncopied."""
    if len(file) <= MOST_READ:
        return file
    return np.concatenate([file[begin:end] for begin, end in spread(len(file), MOST_READ, BLOCK).tolist()])
