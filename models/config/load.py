"""What decides about memory beside the config, and what every training takes whatever its model."""

from dataclasses import dataclass
from typing import Literal

FLOAT = 4
"""Bytes of a float32."""
PROCESS_BYTES = {"cpu": 500 * 10**6, "cuda": 600 * 10**6}
"""A process with torch loaded and used, without any model; of a GPU, what its context and libraries take there."""
SERVING_BYTES = 180 * 10**6
"""What the first predictions of a process take, whatever the model: pages of torch's libraries, arenas of threads. The
same load took 84 MB on an idle machine and 163 MB on a busy one."""
MARGIN = 1.07
"""Times what is counted."""


@dataclass(frozen=True, slots=True)
class Load:
    """Files per step, CPU threads, files of a validation, device, bytes and number of all files (None: unknown)."""

    batch: int
    threads: int = 1
    validation: int = 0
    device: Literal["cpu", "cuda"] = "cpu"
    data_bytes: int | None = None
    files: int | None = None
