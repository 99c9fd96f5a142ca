"""Waiting for a condition, within a limit."""

import threading
from collections.abc import Callable


def wait_until(holds: Callable[[], bool], limit_s: float = 60) -> None:
    pause = threading.Event()
    for _ in range(int(limit_s / 0.02)):
        if holds():
            return
        pause.wait(0.02)
    raise AssertionError("it did not happen in time")
