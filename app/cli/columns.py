"""What a labels CSV can teach: its columns beside the IDs, read from its first line."""

import csv
from pathlib import Path

DELIMITERS = ",;\t"
ID = "ID"


def target_columns(labels: Path, id_column: str | None) -> list[str]:
    """The names, in their order; none of a table that is no UTF-8, which the service may still read. Raises OSError."""
    try:
        with labels.open(encoding="utf-8-sig", newline="") as table:
            header = table.readline()
    except UnicodeDecodeError:
        return []
    columns = next(csv.reader([header], delimiter=max(DELIMITERS, key=header.count)))
    return [name for name in columns if name != (id_column or ID)]
