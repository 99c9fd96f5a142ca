"""The answers for many files as a table: written in parts, put together into one Parquet file and one CSV."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from models.config import TargetSpec

Float64 = npt.NDArray[np.float64]

PART_CELLS, GROUP_CELLS = 1 << 22, 1 << 23
"""Cells in memory at a time: of a part in the making, of a row group of the whole. 8 bytes each."""
MOST_ROWS = 1 << 16


class Layout:
    """The columns of a table of answers.

    `id`, `bytes` (the file's length), `read` (how many of them the model saw), with `unlike` also `unlike_training`,
    its score; then for each target a column of its name, the label or the value; and for each class of a categorical
    one `TARGET:CLASS`, its probability. A name that is taken already gets `_2` (or the next free number) behind it.
    """

    def __init__(self, targets: Sequence[TargetSpec], *, unlike: bool = False) -> None:
        self._targets, self._unlike = list(targets), unlike
        fields = [("id", pa.string()), ("bytes", pa.int64()), ("read", pa.int64())]
        fields += [("unlike_training", pa.float64())] if unlike else []
        for target in targets:
            kind = pa.float64() if target.classes is None else pa.string()
            fields.append((target.name, kind))
            fields += [(f"{target.name}:{name}", pa.float64()) for name in target.classes or ()]
        names = _unlike([name for name, _ in fields])
        self.schema = pa.schema([(name, kind) for name, (_, kind) in zip(names, fields, strict=True)])
        self.labels = [field.name for field in self.schema if field.type == pa.string()][1:]

    @property
    def part_rows(self) -> int:
        """Rows of a part at most."""
        return _rows(PART_CELLS, self.schema)

    def table(
        self,
        ids: Sequence[str],
        lengths: Sequence[int],
        read: Sequence[int],
        answers: Mapping[str, Float64],
        unlike: Sequence[float] = (),
    ) -> pa.Table:
        """Rows in the order of the files. answers: of each target, probabilities (N, classes) or values (N,).

        unlike: the scores (N,), where the layout has them.
        """
        columns = [pa.array(ids, pa.string()), pa.array(lengths, pa.int64()), pa.array(read, pa.int64())]
        columns += [pa.array(unlike, pa.float64())] if self._unlike else []
        for target in self._targets:
            found = answers[target.name]
            if target.classes is None:
                columns.append(pa.array(found))
                continue
            names = pa.array(target.classes, pa.string())
            columns.append(names.take(pa.array(found.argmax(axis=1))))
            columns += [pa.array(share) for share in np.ascontiguousarray(found.T)]
        return pa.Table.from_arrays(columns, schema=self.schema)

    def write_part(self, path: Path, tables: Sequence[pa.Table]) -> None:
        """Some rows of the whole, as one Parquet file."""
        pq.write_table(pa.concat_tables(tables), path, use_dictionary=self.labels)

    def join(self, parts: Sequence[Path], parquet: Path, csv: Path) -> None:
        """The whole out of its parts, in both forms with the same values; equal rows give equal bytes, however parted.

        CSV: UTF-8, comma, a header, texts in quotes, numbers as the shortest text that gives the same number back.
        """
        rows = _rows(GROUP_CELLS, self.schema)
        text = pacsv.WriteOptions(quoting_style="needed")
        with (
            pq.ParquetWriter(parquet, self.schema, use_dictionary=self.labels) as columns,
            pacsv.CSVWriter(csv, self.schema, write_options=text) as lines,
        ):
            for group in self._groups(parts, rows):
                columns.write_table(group, row_group_size=rows)
                lines.write_table(group)

    def _groups(self, parts: Sequence[Path], rows: int) -> Iterator[pa.Table]:
        """The rows of the parts, so many at a time."""
        held = self.schema.empty_table()
        for part in parts:
            held = pa.concat_tables([held, pq.read_table(part, schema=self.schema, memory_map=True)])
            while held.num_rows >= rows:
                yield held.slice(0, rows).combine_chunks()
                held = held.slice(rows)
        if held.num_rows:
            yield held.combine_chunks()


def _rows(cells: int, schema: pa.Schema) -> int:
    return max(64, min(MOST_ROWS, cells // len(schema)))


def _unlike(names: Sequence[str]) -> list[str]:
    """The names in their order, each made unlike those before it."""
    seen: dict[str, None] = {}
    for name in names:
        number, free = 1, name
        while free in seen:
            number += 1
            free = f"{name}_{number}"
        seen[free] = None
    return list(seen)
