"""Where the files of a prediction lie in the storage."""

from typing import Literal

Form = Literal["csv", "parquet"]


def folder_key(prediction_id: str) -> str:
    """Below it lies everything that a prediction makes."""
    return f"predictions/{prediction_id}"


def part_key(prediction_id: str, first: int, digest: str) -> str:
    """The key of a part of a result, from one file of the data set on."""
    return f"{folder_key(prediction_id)}/part-{first}-{digest[:16]}.parquet"


def result_key(prediction_id: str, form: Form, digest: str) -> str:
    """The key of a whole result."""
    return f"{folder_key(prediction_id)}/result-{digest[:16]}.{form}"


def log_key(prediction_id: str, attempt: int) -> str:
    """The key of what an attempt's process said to people."""
    return f"{folder_key(prediction_id)}/log-{attempt}.txt"
