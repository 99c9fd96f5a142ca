"""Are files records, or tables of records, that hold numbers of several bytes? Which ones, and where?

Found from the bytes of a sample of files; nothing here knows a file format. Loads no torch.

Legend: N = records or files, L = bytes of a record.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from models.packed.number_tests import Candidate, candidates, entropies
from models.packed.readings import FieldReading, item_size

UInt8 = npt.NDArray[np.uint8]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

SHORTEST_RECORD, LONGEST_RECORD = 4, 1024
"""Bytes."""
FEWEST_RECORDS = 40
"""Entropies of fewer say nothing."""
SAMPLED_BYTES = 2**18
"""Of records: what is looked at takes a second."""
SAME_AS, HIGHER = 0.01, 0.03
"""Differences of autocorrelations that are chance, and that are none."""
ONE_LENGTH = 0.95
"""Share of files of one length from which on each is a record; of one rest behind whole rows, from which it leads."""
PLACED = 0.12
"""Share of the entropy of bytes that is known once their row of the file is: from here on rows are no records.

Measured: 12 floats a file taken for a table of rows 0.5 to 0.7; tables 0.00 to 0.03."""
LEVELS = 8
"""Of bytes, by rank, for that measure: few enough for a sample of files."""
COVERED = 0.125
"""Share of the bytes in use of a record that must lie in numbers: less is chance, or a header."""


class NumberRun(BaseModel):
    """`count` numbers of one reading, one behind the other, from byte `at` of a record on."""

    model_config = ConfigDict(frozen=True)
    at: int
    reading: FieldReading
    count: int = 1


class Fields(BaseModel):
    """Records of `length` bytes with these numbers. table: files hold many, from byte `offset` on; else one each.

    covered: share of the bytes in use (not the same in all records) that lie in numbers, 0..1.
    """

    model_config = ConfigDict(frozen=True)
    length: int
    offset: int
    table: bool
    covered: float
    numbers: tuple[NumberRun, ...]


def best_fields(sample: Sequence[UInt8], lengths: Int64, repeat: int | None) -> Fields | None:
    """What the sample of files looks like. lengths: (n,) of all files; repeat: a lag at which bytes resemble.

    Files are tables where their bytes repeat, and all have the same rest behind whole rows: the header.
    """
    length, share = _commonest(lengths)
    here, _ = _commonest(np.array([len(file) for file in sample]))
    same = [file for file in sample if len(file) == here] if share >= ONE_LENGTH else []
    one = _found(np.stack(same), 0, table=False) if same and length <= LONGEST_RECORD else None
    if repeat is None or repeat > min(LONGEST_RECORD, length // 2):
        return one
    offset, usual = _commonest(lengths % repeat)
    if usual < ONE_LENGTH or (same and placed(np.stack([_rows(file, repeat, offset) for file in same])) >= PLACED):
        return one
    table = _found(np.concatenate([_rows(file, repeat, offset) for file in sample]), offset, table=True)
    # Numbers of one kind, all drawn alike: a vector, whose places mean something, rather than rows of a single number.
    return one if one and table and item_size(table.numbers[0].reading) == table.length else table


def repeat_length(lags: Float64) -> int | None:
    """Of the autocorrelation at (lags,) the shortest lag that is as high as any, and higher than all before it.

    Rows of several numbers of one size: their lengths do not stand out from half of it, as the numbers resemble too.
    """
    if len(lags) <= 2 * SHORTEST_RECORD:
        return None
    repeat = int((lags[2:] >= lags[2:].max() - SAME_AS).argmax()) + 2
    higher = lags[repeat] - lags[1:repeat].max() >= HIGHER
    again = 2 * repeat >= len(lags) or lags[2 * repeat] >= lags[repeat] - HIGHER
    return repeat if higher and again and SHORTEST_RECORD <= repeat <= LONGEST_RECORD else None


def placed(rows_NRL: UInt8) -> float:
    """Share of the entropy of bytes that their row tells, 0..1: about 0 where rows are draws of one kind, as records.

    rows_NRL: (N, R, L), R rows of N files.
    """
    files, rows, length = rows_NRL.shape
    columns = rows_NRL.reshape(files * rows, length)
    edges = np.quantile(columns, np.arange(1, LEVELS) / LEVELS, axis=0)
    levels = (rows_NRL[None] > edges[:, None, None]).sum(0).astype(np.uint8)
    whole = entropies(levels.reshape(files * rows, length)).sum()
    # Entropies of few values come out too low, by so much on average (Miller 1955).
    of_row = entropies(levels).mean(0) + (LEVELS - 1) / (2 * np.log(2) * files)
    return float(max(0.0, 1.0 - of_row.sum() / whole)) if whole > 0 else 0.0


def _commonest(values: Int64) -> tuple[int, float]:
    """The commonest value, and its share of all."""
    found, counts = np.unique(values, return_counts=True)
    return (int(found[counts.argmax()]), float(counts.max() / len(values))) if len(values) else (0, 0.0)


def _rows(file: UInt8, period: int, offset: int) -> UInt8:
    count = max(0, len(file) - offset) // period
    return file[offset : offset + count * period].reshape(count, period)


def _found(records_NL: UInt8, offset: int, *, table: bool) -> Fields | None:
    """The layout of (N, L) records, where enough of it are numbers."""
    records, length = records_NL.shape
    if records < FEWEST_RECORDS:
        return None
    some = np.unique(np.linspace(0, records - 1, min(records, SAMPLED_BYTES // length)).round().astype(np.int64))
    records_NL = records_NL[some]
    numbers = best_layout(length, candidates(records_NL))
    used = entropies(records_NL) > 0
    clear = sum(int(used[one.at : one.at + item_size(one.reading)].sum()) for one in numbers if one.clear)
    if clear == 0 or clear < COVERED * used.sum():
        return None
    covered = round(clear / int(used.sum()), 4)
    return Fields(length=length, offset=offset, table=table, covered=covered, numbers=_runs(numbers))


class _Way(NamedTuple):
    """The best layout of the bytes so far, by its last number."""

    score: float
    numbers: tuple[Candidate, ...]


def best_layout(length: int, found: Sequence[Candidate]) -> list[Candidate]:
    """Numbers that do not overlap, all of one byte order, chosen from candidates."""
    ways = [_layout(length, [one for one in found if one.reading.endswith(order)]) for order in ("le", "be")]
    return list(max(ways, key=lambda way: way.score).numbers)


def _worth(one: Candidate, last: str) -> float:
    """What a number counts for each of its bytes; a byte that no number covers counts 0.5.

    A number that is aligned as compilers do counts more: else a long one that begins in a neighbour and ends in noise
    would win by its length. One that is not clear is taken only where it goes on a run of the same reading.
    """
    size = item_size(one.reading)
    aligned = one.at % size == 0
    if not one.clear:
        each = 0.3 + 0.2 * (last == one.reading)
    elif one.reading[0] == "f":
        each = 0.6 + 0.4 * aligned + 0.1 * (last == one.reading)
    else:
        each = (0.8 if aligned else 0.55 if size < 8 else 0.4) + 0.1 * (last == one.reading)
    return each + (0.15 + min(0.5, one.bond)) * (one.reading[0] == "f") - 0.005 * size


def _layout(length: int, found: Sequence[Candidate]) -> _Way:
    """The numbers that count most in all; exact, by dynamic programming over the last number's reading."""
    at: list[list[Candidate]] = [[] for _ in range(length + 1)]
    for one in found:
        at[one.at].append(one)
    ways: list[dict[str, _Way]] = [{} for _ in range(length + 1)]
    ways[0][""] = _Way(0.0, ())
    for place in range(length):
        for last, way in ways[place].items():
            _keep(ways[place + 1], "", _Way(way.score + 0.5, way.numbers))
            for one in at[place]:
                size = item_size(one.reading)
                worth = size * _worth(one, last)
                _keep(ways[place + size], one.reading, _Way(way.score + worth, (*way.numbers, one)))
        ways[place] = {}
    return max(ways[length].values(), key=lambda way: way.score)


def _keep(ways: dict[str, _Way], last: str, way: _Way) -> None:
    if last not in ways or way.score > ways[last].score:
        ways[last] = way


def _runs(numbers: Sequence[Candidate]) -> tuple[NumberRun, ...]:
    """The same numbers, neighbours of one reading together."""
    runs: list[NumberRun] = []
    for one in numbers:
        last = runs[-1] if runs else None
        if last and last.reading == one.reading and last.at + last.count * item_size(last.reading) == one.at:
            runs[-1] = last.model_copy(update={"count": last.count + 1})
        else:
            runs.append(NumberRun(at=one.at, reading=one.reading))
    return tuple(runs)
