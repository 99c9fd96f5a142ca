"""Hashes of byte n-grams: at every place of a piece, a row number for each order n."""

from collections.abc import Sequence

import torch
from torch import Tensor

MULTIPLIER = -0x61C8864680B583EB
"""2^64 / golden ratio, odd, as a signed word: Knuth's multiplicative hashing (TAOCP 3, 6.4)."""

ORDER_SALT = 0x2545F4914F6CDD1D
"""Odd; order n adds n of them, so that "a" and "a" followed by a zero byte do not meet."""

MIX = (-0x40A7B892E31B1A47, -0x6B2FB644ECCEEE15)
"""The multipliers of the finaliser of SplitMix64 (Steele, Lea & Flood 2014), Stafford's variant 13, as signed words."""


def ngram_rows(tokens_BT: Tensor, there_BT: Tensor, orders: Sequence[int], bits: int) -> tuple[Tensor, Tensor]:
    """Rows (B, T, O) int64 in [0, 2^bits), and whether each n-gram is complete, (B, T, O) bool.

    tokens: (B, T) int64. there: (B, T) bool, false behind the end of a file. orders: rising numbers of bytes >= 1.
    The n-gram of place t is the bytes t .. t + n - 1; those that would reach beyond the piece or the file are not
    complete, and their row means nothing. A polynomial over the bytes modulo 2^64, mixed; its top bits are the row.
    """
    length = tokens_BT.shape[1]
    values = tokens_BT + 1  # a zero byte counts, too
    power, reached = 1, 1
    sums, whole = values.clone(), there_BT.clone()
    rows, complete = [], []
    for order in orders:
        for n in range(reached, order):
            power = _wrapped(power * MULTIPLIER)
            if n >= length:
                whole = torch.zeros_like(whole)
                continue
            sums[:, : length - n].add_(values[:, n:], alpha=power)
            whole[:, : length - n].logical_and_(there_BT[:, n:])
            whole[:, length - n :] = False
        reached = max(reached, order)
        rows.append(top_bits(mixed(sums + _wrapped(order * ORDER_SALT)), bits))
        complete.append(whole.clone())
    return torch.stack(rows, -1), torch.stack(complete, -1)


def mixed(words: Tensor) -> Tensor:
    """int64 of any shape -> the same shape: every bit in depends on every bit out (a bijection of 64-bit words)."""
    words = (words ^ _shifted(words, 30)) * MIX[0]
    words = (words ^ _shifted(words, 27)) * MIX[1]
    return words ^ _shifted(words, 31)


def top_bits(words: Tensor, bits: int) -> Tensor:
    """The highest bits (1 .. 62) of int64 words, as int64 >= 0."""
    return _shifted(words, 64 - bits)


def _shifted(words: Tensor, by: int) -> Tensor:
    """Logical shift to the right; torch's own repeats the sign."""
    return (words >> by) & ((1 << (64 - by)) - 1)


def _wrapped(number: int) -> int:
    """An integer as a signed 64-bit word."""
    return (number + 2**63) % 2**64 - 2**63
