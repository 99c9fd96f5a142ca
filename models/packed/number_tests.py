"""Which places of a record hold numbers of several bytes: tests on the bytes of many records, without any label.

A number has a byte that says little and bytes below it that say much: the exponent of a float, the highest byte of an
integer. Letters, pixels and noise have neighbours of alike entropy. Loads no torch.

Legend: N = records, L = bytes of a record, P = places where a number could begin, k = bytes of a number.
"""

from typing import NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from models.packed.readings import FieldReading, item_size

UInt8 = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

IN_RANGE = 0.97
"""Share of records in which a float is a number that people use. Of random bytes 0.26 are for 4 bytes, 0.03 for 8."""
SMALLEST, LARGEST = 1e-8, 1e12
NOT_ZERO = 0.05
"""Share of records in which a float must be another number than 0."""
RISES = 0.7
"""The entropy of a float's first byte is at most so much of that of its second; letters have about as much in each."""
SOME = 1.5
"""Bits that the second byte of a float must have: those of less are taken where their neighbours are floats."""
PRINTABLE = 0.95
"""Share of records in which all bytes of a float may be printable: beyond it they are text."""
FULL = 0.8
"""Of the entropy of random bytes, which the lower bytes of an integer must have."""
DROPS = 0.5
"""Bits by which the entropy of the highest byte in use lies below that of the byte below it."""
IN_USE = 0.08
"""Bits of entropy from which on a byte is in use: below it, it is all but constant."""
BOTH_SIGNS, FILLED = 0.02, 0.99
"""So many of either sign, and so many whose highest byte is nothing but the sign, show a signed number, too."""


class Candidate(NamedTuple):
    """A number that could stand at byte `at` of a record. clear: its bytes show it; else its neighbours must.

    bond: bits that the first byte of a float tells of its second, which holds the rest of its exponent.
    """

    at: int
    reading: FieldReading
    clear: bool
    bond: float = 0.0


def candidates(records_NL: UInt8) -> list[Candidate]:
    """All numbers of 2, 4 and 8 bytes that (N, L) records may hold; they overlap."""
    highest = entropies(np.random.default_rng(0).integers(0, 256, (len(records_NL), 16)).astype(np.uint8)).mean()
    found = []
    for reading in get_args(FieldReading):
        size = item_size(reading)
        if size == 1 or size > records_NL.shape[1] or reading[0] == "i":
            continue  # integers are tried once, and then called signed or not
        windows = np.lib.stride_tricks.sliding_window_view(records_NL, size, axis=1)
        if reading.endswith("le"):
            windows = windows[:, :, ::-1]
        bytes_NPk = np.ascontiguousarray(windows)
        if reading[0] == "f":
            clear_P, possible_P = _floats(bytes_NPk)
            bonds = _told(bytes_NPk[:, possible_P])
            places = np.flatnonzero(possible_P)
            found += [
                Candidate(int(at), reading, bool(clear_P[at]), float(bond))
                for at, bond in zip(places, bonds, strict=True)
            ]
        else:
            there_P, signed_P = _integers(bytes_NPk, float(highest))
            names: tuple[FieldReading, FieldReading] = (reading, _signed(reading))
            found += [Candidate(int(at), names[int(signed_P[at])], True) for at in np.flatnonzero(there_P)]
    return found


def entropies(columns: UInt8) -> Float64:
    """(N, ...) bytes -> (...) bits of each column over its N bytes."""
    flat = columns.reshape(len(columns), -1)
    count = flat.shape[1]
    codes = flat + 256 * np.arange(count)
    shares = np.bincount(codes.ravel(), minlength=256 * count).reshape(count, 256) / len(flat)
    bits = -(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(1)
    answer: Float64 = bits.reshape(columns.shape[1:])
    return answer


def _signed(reading: FieldReading) -> FieldReading:
    return next(name for name in get_args(FieldReading) if name == f"i{reading[1:]}")


def _floats(bytes_NPk: UInt8) -> tuple[Bool, Bool]:
    """(clear, possible), each (P,). Bytes stand highest first."""
    size = bytes_NPk.shape[2]
    x_NP = bytes_NPk.view(f">f{size}")[..., 0]
    with np.errstate(invalid="ignore", over="ignore"):
        magnitude = np.abs(x_NP.astype(np.float64))
        used = (magnitude >= SMALLEST) & (magnitude <= LARGEST)
    # The one NaN that programs write for a missing number.
    missing = np.isnan(magnitude) & (bytes_NPk[:, :, 2:] == 0).all(2)
    in_range = (used | (magnitude == 0) | missing).mean(0) >= IN_RANGE
    possible = in_range & (used.mean(0) >= NOT_ZERO) & (_printable(bytes_NPk) < PRINTABLE)
    if size == 8:  # two floats of 4 bytes side by side make a likely float of 8
        possible &= ~_floats(np.ascontiguousarray(bytes_NPk[:, :, 4:]))[1]
    bits = entropies(bytes_NPk[:, :, :2])
    return possible & (bits[:, 0] <= RISES * bits[:, 1]) & (bits[:, 1] >= SOME), possible


def _told(bytes_NPk: UInt8) -> Float64:
    """(P,): bits that the first byte of a window tells of the three highest bits of the second (0 at least)."""
    first, second = bytes_NPk[:, :, 0], bytes_NPk[:, :, 1] // 32
    alone, beside = entropies(first), entropies(second)
    pairs = np.zeros(len(alone))
    for at in range(len(alone)):
        shares = np.bincount(first[:, at].astype(np.int64) * 8 + second[:, at]) / len(first)
        shares = shares[shares > 0]
        # Few records make independent bytes look bound; by so much on average (Miller 1955).
        chance = (len(np.unique(first[:, at])) - 1) * (len(np.unique(second[:, at])) - 1) / (2 * np.log(2) * len(first))
        pairs[at] = -(shares * np.log2(shares)).sum() + chance
    answer: Float64 = (alone + beside - pairs).clip(min=0.0)
    return answer


def _printable(bytes_NPk: UInt8) -> Float64:
    """(P,): share of records in which all bytes of a window are printable."""
    answer: Float64 = ((bytes_NPk >= 9) & (bytes_NPk < 127)).all(2).mean(0)
    return answer


def _integers(bytes_NPk: UInt8, highest: float) -> tuple[Bool, Bool]:
    """(there, signed), each (P,). highest: entropy of random bytes in so many records."""
    size = bytes_NPk.shape[2]
    negative_NP = bytes_NPk[:, :, 0] >= 128
    whole = bytes_NPk.view(f">u{size}")[..., 0].astype(np.float64)
    signed_P = (whole - negative_NP * 256.0**size).std(0) < whole.std(0)
    folded = np.where((negative_NP & signed_P)[:, :, None], 255 - bytes_NPk, bytes_NPk)
    bits_Pk, raw_Pk = entropies(folded), entropies(bytes_NPk)
    first_P = (bits_Pk >= IN_USE).argmax(1)
    places, below_P = np.arange(len(first_P)), np.minimum(first_P + 1, size - 1)
    lower = ((bits_Pk >= FULL * highest) | (np.arange(size) <= first_P[:, None])).all(1)
    drops = raw_Pk[places, first_P] <= bits_Pk[places, below_P] - DROPS
    drops &= (first_P < size - 1) & (bits_Pk[places, first_P] >= IN_USE)
    share = negative_NP.mean(0)
    filled = signed_P & (first_P > 0) & (share >= BOTH_SIGNS) & (share <= 1 - BOTH_SIGNS)
    filled &= ((folded[:, :, 0] == 0).mean(0) >= FILLED) & (bits_Pk[places, first_P] >= SOME)
    return lower & (drops | filled), signed_P
