"""How bytes are read as numbers: the names of readings, and how long a number is. Loads no torch."""

from typing import Literal, get_args

Reading = Literal["u8", "i8", "i16le", "i16be", "u16le", "u16be", "i24le", "i24be", "i32le", "i32be", "f32le", "f32be"]
"""How bytes are read as numbers: unsigned, signed or float; bits; byte order."""

READINGS: tuple[Reading, ...] = get_args(Reading)

FieldReading = Literal[
    "u8", "i8", "u16le", "u16be", "i16le", "i16be", "u32le", "u32be", "i32le", "i32be",
    "u64le", "u64be", "i64le", "i64be", "f32le", "f32be", "f64le", "f64be",
]  # fmt: skip
"""The same of a number in a record: those that fixed-length structures are made of."""


def item_size(reading: Reading | FieldReading) -> int:
    """Bytes of one number."""
    return int("".join(c for c in reading if c.isdigit())) // 8
