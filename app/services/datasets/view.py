"""A data set as the outside sees it."""

from dataclasses import dataclass
from typing import Any

from app.db.tables.datasets import DatasetRow
from app.services.times import rfc3339


@dataclass(frozen=True, slots=True)
class DatasetView:
    """One data set. `bytes` is the sum of the unpacked files, `lengths` theirs in bytes.

    `ignored` and `problems` may be cut after some thousand, their counts and what `links` lead to never are.
    """

    id: str
    name: str
    digest: str
    files: int
    bytes: int
    lengths: dict[str, int]
    targets: dict[str, dict[str, Any]]
    ignored: list[str]
    ignored_count: int
    problems: list[dict[str, Any]]
    problem_counts: dict[str, int]
    created: str
    links: dict[str, str]


def view_of(row: DatasetRow) -> DatasetView:
    """The view of a row."""
    return DatasetView(
        id=row.id,
        name=row.name,
        digest=row.digest,
        files=row.files,
        bytes=row.bytes,
        lengths=row.summary["lengths"],
        targets=row.summary["targets"],
        ignored=row.ignored,
        ignored_count=row.ignored_count,
        problems=row.problems,
        problem_counts=row.problem_counts,
        created=rfc3339(row.created),
        links=_links(row.id),
    )


def storage_key(digest: str) -> str:
    """Where the pack of a content lies in the storage; names that share the content share the files."""
    return f"datasets/{digest}"


def said_key(dataset_id: str) -> str:
    """Where the whole lists of problems and ignored files of one upload lie: the same content may come with others."""
    return f"said/{dataset_id}"


def _links(dataset_id: str) -> dict[str, str]:
    own = f"/datasets/{dataset_id}"
    return {"self": own, "problems": f"{own}/problems", "ignored": f"{own}/ignored"}
