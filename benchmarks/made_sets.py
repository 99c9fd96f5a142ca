"""Three data sets of our own with known rules, so that one default is not made for a handful of public sets alone.

records: files of equal length, a table of 24 records of 16 bytes; the class follows from two fields of some records.
period: rows of 40 bytes, their number varies; the class is the slope of a stripe that runs over the rows, under noise.
shifted: a packed stream of 6-bit symbols that begins at any bit; the class is the Markov chain that made the symbols.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]


def records(rng: np.random.Generator) -> tuple[bytes, str]:
    """Little-endian fields: id u16, quantity u16, price i32, flags u8, kind u8, six bytes of noise."""
    table = np.zeros((24, 16), np.uint8)
    kind = rng.integers(0, 4, 24)
    quantity, price = rng.integers(0, 1000, 24), rng.integers(-50_000, 50_000, 24)
    table[:, 0:2] = rng.integers(0, 2**16, 24, dtype=np.uint16)[:, None].view(np.uint8).reshape(24, 2)
    table[:, 2:4] = quantity.astype("<u2")[:, None].view(np.uint8).reshape(24, 2)
    table[:, 4:8] = price.astype("<i4")[:, None].view(np.uint8).reshape(24, 4)
    table[:, 8] = rng.integers(0, 256, 24)
    table[:, 9] = kind
    table[:, 10:] = rng.integers(0, 256, (24, 6))
    losses = int(((kind == 2) & (price < 0)).sum())
    return table.tobytes(), str(min(losses, 5))


def period(rng: np.random.Generator) -> tuple[bytes, str]:
    """A bright stripe of three bytes that moves by -2 to 2 bytes a row, on noise, behind a header of 11 bytes."""
    rows, slope, begin = int(rng.integers(12, 41)), int(rng.integers(-2, 3)), int(rng.integers(0, 40))
    picture = rng.normal(100, 30, (rows, 40))
    for row in range(rows):
        at = (begin + row * slope) % 40
        picture[row, [at, (at + 1) % 40, (at + 2) % 40]] += 70
    head = rng.integers(0, 256, 11, dtype=np.uint8).tobytes()
    return head + picture.clip(0, 255).astype(np.uint8).tobytes(), f"slope {slope}"


def shifted(rng: np.random.Generator, chains: NDArray[np.float64]) -> tuple[bytes, str]:
    """200 to 600 symbols of 64, each chain with its own likely successors, from a bit offset of 0 to 7."""
    which, count = int(rng.integers(0, len(chains))), int(rng.integers(200, 601))
    steps = rng.random(count)
    symbols = np.zeros(count, np.int64)
    for at in range(1, count):
        symbols[at] = np.searchsorted(chains[which, symbols[at - 1]], steps[at])
    bits = ((symbols[:, None] >> np.arange(5, -1, -1)) & 1).astype(np.uint8).ravel()
    lead = rng.integers(0, 2, int(rng.integers(0, 8)), dtype=np.uint8)
    return np.packbits(np.concatenate([lead, bits])).tobytes(), f"chain {which}"


def make(name: str, files: int, seed: int = 0) -> Iterator[tuple[str, bytes, str]]:
    """(id, bytes, class) of so many files. Raises KeyError for an unknown name."""
    rng = np.random.default_rng([seed, {"records": 1, "period": 2, "shifted": 3}[name]])
    chains = np.cumsum(np.random.default_rng(7).dirichlet(np.full(64, 0.05), (6, 64)), axis=2)
    chains[:, :, -1] = 1.0
    for number in range(files):
        if name == "records":
            content, label = records(rng)
        elif name == "period":
            content, label = period(rng)
        else:
            content, label = shifted(rng, chains)
        yield f"{name}_{number:05d}", content, label
