"""Which label row belongs to which file: a compact index over the IDs of the labels."""

import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterator

import numpy as np

from models.packed.names import ids_of
from models.packed.texts import Texts


def same(text: str) -> str:
    """What is compared of an ID: its letters, however its accents are encoded (Unicode NFC) and its folders parted."""
    if "\\" in text:
        text = text.replace("\\", "/")
    if text.startswith("./"):
        text = text[2:]
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class IdIndex:
    """Finds the row of an ID in 16 bytes of memory per row: hashes sorted, the text itself compared at the end."""

    def __init__(self, ids: Texts) -> None:
        self._ids = ids
        hashes = np.fromiter((hash(same(text)) for text in ids), np.int64, len(ids))
        self._rows = np.argsort(hashes, kind="stable")
        self._hashes = array("q", hashes[self._rows].tobytes())
        self._with_folders = any(b"/" in raw or b"\\" in raw for raw in ids.each_raw())

    def find(self, file_id: str) -> int | None:
        """The (first) row with this ID."""
        wanted = same(file_id)
        key = hash(wanted)
        at = bisect_left(self._hashes, key)
        while at < len(self._hashes) and self._hashes[at] == key:
            row = self._rows.item(at)
            if same(self._ids[row]) == wanted:
                return row
            at += 1
        return None

    def row_of_file(self, path: str) -> int | None:
        """The row whose ID names this file: by its full name first, else by its stem (see `ids_of`)."""
        for candidate in ids_of(path, with_folders=self._with_folders):
            row = self.find(candidate)
            if row is not None:
                return row
        return None

    def twins(self) -> Iterator[list[int]]:
        """Groups of rows that have one ID, in the order of the rows."""
        hashes = np.frombuffer(self._hashes, np.int64)
        repeated = np.flatnonzero(hashes[1:] == hashes[:-1])
        groups: dict[str, list[int]] = {}
        for at in sorted({*repeated.tolist(), *(repeated + 1).tolist()}):
            row = int(self._rows[at])
            groups.setdefault(same(self._ids[row]), []).append(row)
        return (rows for rows in groups.values() if len(rows) > 1)
