"""Quick tests on the bytes of a sample of files: do numbers, rows or one common length lie in them?

They decide which views a model gets; nothing here knows a file format. Pure functions of the bytes; loads no torch.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from models.packed.fields_probe import Fields, best_fields, repeat_length
from models.packed.readings import READINGS, Reading, item_size

UInt8 = npt.NDArray[np.uint8]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

FILES = 200
"""At most so many files are looked at, evenly spread over the data set."""
BYTES = 12288
"""At most so many bytes of a file, from its beginning: with LONGEST_PERIOD they fill one transform of 2^14."""
BYTES_IN_ALL = 2**20
"""Of the whole sample: of long files fewer are looked at."""
NUMBERS_BYTES = 3072
"""Of each file for reading numbers: from the middle of its sample, so that a header does not decide."""
SHORTEST_PERIOD, LONGEST_PERIOD = 4, 4096
ORDER = 4
"""Numbers before it that predict a number."""
PREDICTABLE = 0.5
"""A reading passes when so much of the variance of the median file is predicted.

Measured: recordings and tones 0.86-0.95, rasters read as u8 0.72-0.77; executables and documents 0.17, records 0.14,
SMILES 0.10, text 0.04, random bytes 0.01."""
LONGER_GAINS = 0.03
"""By so much a reading of longer numbers must do better than a shorter one: parts of a signal are signals, too."""
STANDS_OUT = 0.1
"""A period passes when its autocorrelation exceeds that of 0.3 to 0.7 of its lag by so much.

Measured: digits 0.57, records 0.17 (14 of 16 bytes random) to 0.46, pictures 0.19-0.43; text 0.06, all others 0.04."""
FAR_STANDS_OUT = 0.07
"""The same of lags beyond LONGEST_UNIT, where words and letters that alternate do not reach: text 0.02, speech 0.03.

Measured: a stripe of 3 bytes that moves by up to 2 a row, under noise, 0.09; noisy pictures of three bytes 0.10."""
LONGEST_UNIT = 8
"""Bytes of the longest number or pixel that is looked for."""
ENOUGH_PAIRS = 4096
"""Pairs of bytes that a lag needs in the whole sample before its autocorrelation is believed."""


class Wave(BaseModel):
    """Numbers follow from those before them when bytes are read so.

    phase: offset of the first number, 0..size-1; predictability: share of the variance that a linear prediction
    explains (0..1), of the median file.
    """

    model_config = ConfigDict(frozen=True)
    reading: Reading
    phase: int
    predictability: float


class Period(BaseModel):
    """Bytes `length` apart resemble each other; strength: by how much more than those about half as far apart (0..1).

    unit: bytes of a column that belong together (3 in rows of pixels of three bytes), a divisor of `length`;
    evenness: autocorrelation at `unit`, high where neighbours in a row resemble each other as those in a column do.
    """

    model_config = ConfigDict(frozen=True)
    length: int
    strength: float
    unit: int
    evenness: float


class Probes(BaseModel):
    """What the tests found. equal_lengths: share of files of the commonest length.

    fields: None in summaries of older versions, too.
    """

    model_config = ConfigDict(frozen=True)
    equal_lengths: float
    wave: Wave | None
    period: Period | None
    fields: Fields | None = None


def probe(lengths: Int64, read: Callable[[int], UInt8]) -> Probes:
    """Test the bytes of a sample of files. Empty files count for their length only.

    lengths: (n,) of all files; read: the bytes of the file at a place, asked for of the sample alone.
    """
    sample = list(_sample(lengths, read))
    common = np.unique(lengths, return_counts=True)[1].max() if len(lengths) else 0
    lags = lag_autocorrelation(sample)
    period = best_period(lags)
    return Probes(
        equal_lengths=float(common / max(1, len(lengths))),
        wave=best_wave(sample),
        period=period,
        fields=best_fields(sample, lengths, period.length if period else repeat_length(lags)),
    )


def _sample(lengths: Int64, read: Callable[[int], UInt8]) -> Iterator[UInt8]:
    """The first bytes of at most FILES files, evenly spread; empty ones left out."""
    spread = np.unique(np.linspace(0, len(lengths) - 1, min(len(lengths), FILES)).round().astype(np.int64))
    each = -(-int(np.minimum(lengths[spread], BYTES).sum()) // BYTES_IN_ALL) or 1
    yield from (np.asarray(read(at)[:BYTES]) for at in spread[::each].tolist() if lengths[at])


# numbers that follow from those before them


def best_wave(sample: Sequence[UInt8]) -> Wave | None:
    """The reading under which the numbers of the median file are predicted best, if well enough."""
    middles = [_middle(file) for file in sample]
    best: Wave | None = None
    for reading in READINGS:
        for phase in range(item_size(reading)):
            lags = np.array([autocorrelation(numbers(file, reading, phase)) for file in middles]).reshape(-1, ORDER + 1)
            share = float(np.median([predictability(r) for r in lags])) if len(lags) else 0.0
            needed = PREDICTABLE if best is None else best.predictability
            if best is not None and item_size(reading) > item_size(best.reading):
                needed = min(1.0, needed + LONGER_GAINS)
            if share > needed:
                best = Wave(reading=reading, phase=phase, predictability=share)
    return best


def _middle(file: UInt8) -> UInt8:
    """At most NUMBERS_BYTES of a file; begins at a multiple of 12, so that a phase means the same in every file."""
    begin = max(0, len(file) - NUMBERS_BYTES) // 2 // 12 * 12
    return file[begin : begin + NUMBERS_BYTES]


def numbers(file: UInt8, reading: Reading, phase: int) -> Float64:
    """The bytes from `phase` on, read as numbers; an incomplete last one is left out; NaN and infinity are 0."""
    size = item_size(reading)
    count = max(0, len(file) - phase) // size
    raw = file[phase : phase + count * size]
    order = "<" if reading.endswith("le") else ">"
    if size == 3:
        filled = np.zeros((count, 4), np.uint8)
        at = slice(1, 4) if order == "<" else slice(0, 3)
        filled[:, at] = raw.reshape(count, 3)
        return (filled.reshape(-1).view(f"{order}i4") >> 8).astype(np.float64)
    with np.errstate(invalid="ignore"):
        values = np.ascontiguousarray(raw).view(f"{order}{reading[0]}{size}").astype(np.float64)
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0).clip(-1e30, 1e30)


def autocorrelation(values: Float64) -> Float64:
    """Lags 0..ORDER (-1..1, 1 at lag 0) of values clipped to their 2nd and 98th percentile.

    All 0 for fewer than 16 values and for constant ones.
    """
    if len(values) < 16:
        return np.zeros(ORDER + 1)
    rank = len(values) // 50
    ordered = np.partition(values, (rank, len(values) - 1 - rank))
    centred = np.clip(values, ordered[rank], ordered[-1 - rank])
    centred -= centred.mean()
    power = centred @ centred
    if not (power > 0 and np.isfinite(power)):
        return np.zeros(ORDER + 1)
    return np.array([centred[lag:] @ centred[: len(centred) - lag] for lag in range(ORDER + 1)]) / power


def predictability(lags: Float64) -> float:
    """Share of variance that the best linear prediction from ORDER numbers before explains (Levinson-Durbin), 0..1."""
    if lags[0] == 0:
        return 0.0
    weights, error = np.zeros(0), 1.0
    for order in range(1, len(lags)):
        reflection = (lags[order] - weights @ lags[order - 1 : 0 : -1]) / error
        weights = np.append(weights - reflection * weights[::-1], reflection)
        error *= 1.0 - reflection**2
        if error < 1e-6:
            return 1.0
    return float(1.0 - error)


# rows of one length


def best_period(lags: Float64) -> Period | None:
    """The lag from SHORTEST_PERIOD to LONGEST_PERIOD that stands out most, if one stands out enough.

    lags: (lags,) the autocorrelation. A shorter lag that stands out even more (2 to 8, pixels or numbers of several
    bytes) is its unit if it divides it.
    """
    scores = standing_out(lags)
    if len(scores) <= SHORTEST_PERIOD:
        return None
    unit = int(scores[: LONGEST_UNIT + 1].argmax())
    unit = unit if scores[unit] >= STANDS_OUT else 1
    rows = scores.copy()
    rows[: max(SHORTEST_PERIOD, unit + 1)] = 0.0
    rows[np.arange(len(rows)) % unit > 0] = 0.0
    length = int(rows.argmax())
    if rows[length] < (FAR_STANDS_OUT if length > LONGEST_UNIT else STANDS_OUT):
        return None
    return Period(
        length=length, strength=round(float(rows[length]), 4), unit=unit, evenness=round(float(lags[unit]), 4)
    )


def standing_out(autocorrelation: Float64) -> Float64:
    """(lags,) by how much each exceeds the highest from 0.3 to 0.7 of it.

    Of two lines that are p apart, bytes less than p apart resemble each other less; a multiple of p exceeds nothing,
    since p or another multiple lies in its range.
    """
    scores = np.zeros(len(autocorrelation))
    for lag in range(2, len(autocorrelation)):
        scores[lag] = autocorrelation[lag] - autocorrelation[max(1, int(lag * 0.3)) : int(lag * 0.7) + 1].max()
    return scores


def lag_autocorrelation(sample: Sequence[UInt8]) -> Float64:
    """(lags,) of the sample, 1 at lag 0, cut where too few pairs of bytes are that far apart: under 40 % of all bytes.

    The mean of two views: the byte's value, and whether two bytes are equal. For the latter each byte value has a fixed
    random sign; the product of two signs is 1 for equal bytes and 0 on average for others.
    """
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (4, 256))
    codes = np.concatenate((np.arange(256.0)[None], signs))
    products, pairs = np.zeros((len(codes), LONGEST_PERIOD + 1)), np.zeros(LONGEST_PERIOD + 1)
    for file in sample:
        coded = codes[:, file]
        coded -= coded.mean(1, keepdims=True)
        spread = coded.std(1, keepdims=True)
        coded /= np.where(spread > 0, spread, 1.0)
        lags = min(len(file), LONGEST_PERIOD + 1)
        size = 1 << (len(file) + lags - 1).bit_length()
        spectrum = np.fft.rfft(coded, size)
        products[:, :lags] += np.fft.irfft(np.abs(spectrum) ** 2, size)[:, :lags]
        pairs[:lags] += np.arange(len(file), len(file) - lags, -1)
    believed = int(np.count_nonzero(pairs >= max(ENOUGH_PAIRS, 0.4 * pairs[0])))
    per_code = products[:, :believed] / pairs[:believed]
    answer: Float64 = (per_code[0] + per_code[1:].mean(0)) / 2
    return answer
