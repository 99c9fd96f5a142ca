"""The order to shut down, on its way from the worker's main process to the pool processes that hold the leases.

A byte in a pipe that every pool process inherits and nobody reads: once written, it is there for all of them, also for
those that start later.
"""

import os
import select


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
