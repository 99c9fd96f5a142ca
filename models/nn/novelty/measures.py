"""What is measured of a file to tell whether it is like others: of a sample of its bytes, in bounded time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.nn.spread import spread

UInt8 = NDArray[np.uint8]
Float64 = NDArray[np.float64]

SAMPLE, BLOCK = 1 << 15, 1 << 10
"""Bytes that are looked at: all of a file, or blocks spread from its first byte to its last."""
PHRASE = 6
"""Bytes of a phrase: what several training files share is rarely that long by chance."""
HEAD, END = 16, 4
"""Bytes at both ends that are compared place by place."""
MISSING = 256
"""Stands at a place that a short file does not have."""
_MULTIPLIER, _FINISHER = np.uint32(0x9E3779B1), np.uint32(0x85EBCA6B)


@dataclass(frozen=True)
class Measures:
    """Of N files. numbers (N, 5) float64: log2 of the length, bits per byte, entropy of the histogram, log2 of 1 + how
    many known phrases, their share of all phrases. roots (N, 256): square roots of the shares of the byte values, on
    which Euclid's distance is Hellinger's. ends (N, HEAD + END) int16: first and last bytes.
    """

    numbers: Float64
    roots: Float64
    ends: NDArray[np.int16]

    @classmethod
    def of(cls, rows: Sequence[tuple[Float64, Float64, NDArray[np.int16]]]) -> "Measures":
        """From the measures of each file."""
        numbers, roots, ends = zip(*rows, strict=True)
        return cls(np.stack(numbers), np.stack(roots), np.stack(ends))


@dataclass(frozen=True)
class Sample:
    """The pieces of a file that are looked at; grams never reach over the end of a piece."""

    length: int
    pieces: list[UInt8]
    ends: NDArray[np.int16]

    @classmethod
    def of(cls, file: UInt8) -> "Sample":
        """Of a file (length,) uint8, which may be a view on a map: no more than SAMPLE bytes are touched."""
        pieces = [np.asarray(file[begin:end]) for begin, end in spread(len(file), SAMPLE, BLOCK).tolist()]
        ends = np.full(HEAD + END, MISSING, np.int16)
        ends[: min(HEAD, len(file))] = file[:HEAD]
        ends[HEAD + END - min(END, len(file)) :] = file[-END:]
        return cls(len(file), pieces, ends)

    def pairs(self) -> NDArray[np.int64]:
        """Each byte with the one before it, as 256 * before + byte."""
        wide = [piece.astype(np.int64) for piece in self.pieces]
        return np.concatenate([piece[:-1] * 256 + piece[1:] for piece in wide])

    def phrases(self) -> NDArray[np.uint32]:
        """A hash of each run of PHRASE bytes."""
        return np.concatenate([_hashes(piece) for piece in self.pieces])

    def measured(self, bits: Float64, known: NDArray[np.bool_]) -> tuple[Float64, Float64, NDArray[np.int16]]:
        """A row of Measures. bits: of each pair; known: of each phrase, whether it is."""
        counts = np.sum([np.bincount(piece, minlength=256) for piece in self.pieces], axis=0)
        shares = counts / max(counts.sum(), 1)
        there = shares[shares > 0]
        entropy = -float((there * np.log2(there)).sum())
        numbers = [
            np.log2(max(self.length, 1)),
            bits.mean() if len(bits) else 0.0,
            entropy,
            np.log2(1 + np.count_nonzero(known)),
            known.mean() if len(known) else 0.0,
        ]
        return np.array(numbers), np.sqrt(shares), self.ends


def byte_shares(pairs: NDArray[np.int64]) -> Float64:
    """Counts of pairs (65536,) -> the share of each byte value (256,) float64, none of them 0."""
    after = pairs.reshape(256, 256).sum(axis=0)
    shares: Float64 = (after + 0.5) / (after.sum() + 128)
    return shares


def pair_bits(pairs: NDArray[np.int64], shares: Float64, codes: NDArray[np.int64]) -> Float64:
    """Counts of pairs (65536,) -> bits of some of them (n,) float64: -log2 P(byte | the one before), of order 1 and
    smoothed towards the shares of the byte values as if two more had been seen.
    """
    before = pairs.reshape(256, 256).sum(axis=1)
    bits: Float64 = -np.log2((pairs[codes] + 2 * shares[codes & 255]) / (before[codes >> 8] + 2))
    return bits


def _hashes(piece: UInt8) -> NDArray[np.uint32]:
    """(n,) -> (n - PHRASE + 1,) uint32, nothing for a shorter one."""
    count = max(len(piece) - PHRASE + 1, 0)
    codes, wide = np.zeros(count, np.uint32), piece.astype(np.uint32)
    for at in range(PHRASE if count else 0):
        codes = codes * _MULTIPLIER + wide[at : at + count] + np.uint32(1)
    codes = (codes ^ (codes >> np.uint32(15))) * _FINISHER
    return codes ^ (codes >> np.uint32(13))
