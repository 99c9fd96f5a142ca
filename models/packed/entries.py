"""One file as every kind of source yields it: a safe path and its bytes as a stream."""

from collections.abc import Iterator
from typing import NamedTuple


class Entry(NamedTuple):
    """`path`: relative, of plain parts. `chunks` is taken once, before the next entry, or not at all.

    `holes`: bytes among them that the archive does not store (a sparse file); they are zeros.
    """

    path: str
    chunks: Iterator[bytes]
    holes: int = 0
