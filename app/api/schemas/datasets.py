"""Data sets as clients see them."""

from typing import Literal

from pydantic import BaseModel, Field

from app.api.root import Link
from app.api.schemas.times import Time


class Lengths(BaseModel):
    """Lengths of the files in bytes."""

    min: int
    median: int
    p90: int
    max: int


class Target(BaseModel):
    """One column of the labels: `classes` counts files by class, the numbers describe a continuous one."""

    type: Literal["categorical", "continuous"]
    labelled: int
    missing: int
    classes: dict[str, int] | None
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None


class DatasetProblem(BaseModel):
    """Something in the upload that was not as it should be; the rest was taken."""

    kind: str
    id: str | None
    row: int | None = Field(description="Row of the labels file.")
    column: str | None = Field(default=None, description="The target it is about.")
    detail: str


class Dataset(BaseModel):
    """Files and their labels."""

    id: str
    name: str = Field(description="Unique.")
    digest: str = Field(description="SHA-256 over the content, hex.")
    files: int
    bytes: int = Field(description="Sum of the unpacked files.")
    lengths: Lengths
    targets: dict[str, Target]
    ignored: list[str] = Field(description="Junk that was left out, such as .DS_Store.")
    ignored_count: int = Field(description="How many were left out; `ignored` may be cut.")
    problems: list[DatasetProblem]
    problem_counts: dict[str, int] = Field(description="How many of each kind; `problems` may be cut.")
    created: Time
    links: dict[str, Link] = Field(description="`problems` and `ignored` lead to all of them.")


class Datasets(BaseModel):
    """A page of data sets, the newest first."""

    datasets: list[Dataset]
    next: int | None = Field(description="`after` of the following page; null at the end.")


class DatasetProblems(BaseModel):
    """A page of everything that was not as it should be, in the order in which it was met."""

    problems: list[DatasetProblem]
    next: int | None = Field(description="`after` of the following page; null at the end.")
    count: int = Field(description="How many there are.")


class IgnoredFiles(BaseModel):
    """A page of all files that were left out."""

    ignored: list[str]
    next: int | None = Field(description="`after` of the following page; null at the end.")
    count: int = Field(description="How many there are.")


UPLOAD_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "labels": {
                        "type": "string",
                        "format": "binary",
                        "description": "CSV with a column ID. Files to predict from need none.",
                    },
                    "id_column": {"type": "string", "description": "Name of the column of IDs, when it is not ID."},
                    "folder_labels": {
                        "type": "string",
                        "description": "In place of labels: the name of a target whose classes are the files' folders.",
                    },
                    "archive": {
                        "type": "string",
                        "format": "binary",
                        "description": "tar, tar.gz, tar.xz, tar.zst, tar.bz2 or zip.",
                    },
                    "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                    "types": {"type": "string", "description": 'JSON: {"TARGET": "categorical" or "continuous"}'},
                },
            }
        }
    },
}
"""The form of POST /datasets: `archive`, or every file as `file`."""
