"""Table of data sets: what was uploaded, under which name, and what is in it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Double, Integer, String, Table, Text

from app.db.tables.metadata import json_column, metadata

datasets = Table(
    "datasets",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),  # order of creation, the cursor of lists
    Column("id", String(16), nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    Column("digest", String(64), nullable=False, index=True),  # of the content; several names may share it
    Column("files", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),  # sum of the unpacked files
    Column("summary", json_column(), nullable=False),  # models.packed.DatasetSummary
    Column("ignored", json_column(), nullable=False),
    Column("ignored_count", Integer, nullable=False),  # lists are cut, counts are not
    Column("problems", json_column(), nullable=False),
    Column("problem_counts", json_column(), nullable=False),
    Column("created", Double, nullable=False),  # Unix seconds, as every time in every table
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """One row of `datasets`."""

    seq: int
    id: str
    name: str
    digest: str
    files: int
    bytes: int
    summary: dict[str, Any]
    ignored: list[str]
    ignored_count: int
    problems: list[dict[str, Any]]
    problem_counts: dict[str, int]
    created: float
