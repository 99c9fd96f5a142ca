"""Where the files of a run lie in the storage."""

from typing import Literal


def folder_key(run_id: str) -> str:
    """What all files of a run lie below."""
    return f"runs/{run_id}"


def checkpoint_key(run_id: str, kind: Literal["best", "resume"], step: int, digest: str) -> str:
    """A checkpoint's key. The digest stands in it: other weights of the same step never replace those that are read."""
    return f"runs/{run_id}/{kind}-{step}-{digest[:16]}.safetensors"


def log_key(run_id: str, attempt: int) -> str:
    """The key of what an attempt's training said to people."""
    return f"runs/{run_id}/log-{attempt}.txt"
