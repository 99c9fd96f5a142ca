"""The order to shut down, on its way from the worker's main process to the pool processes that hold the leases.

A byte in a pipe that every pool process inherits and nobody reads: once written, it is there for all of them, also for
those that start later.
"""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Shutdown:
    """One worker's order to shut down. Made in the main process, before the pool is forked."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()

    def order(self) -> None:
        """Give the order; safe in a signal handler, and any number of times."""
        os.write(self._write, b"!")

    def requested(self) -> bool:
        """Whether the order was given."""
        return bool(select.select([self._read], [], [], 0)[0])


@contextmanager
def deaf_to_sigterm() -> Iterator[None]:
    """SIGTERM is the main process' to answer: a job at hand is handed back by its order, not dropped at the signal.

    A service manager may send it to every process at once. Not by ignoring it: what is ignored stays so in a child that
    is started meanwhile, and the child has to hear. Only for the main thread of a process.
    """
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
