"""One file as every kind of source yields it: a safe path and its bytes as a stream."""

from collections.abc import Iterator
from typing import NamedTuple


class Entry(NamedTuple):
    """`path`: relative, of plain parts. `chunks` is taken once, before the next entry, or not at all."""

    path: str
    chunks: Iterator[bytes]
