"""Keeps a lease alive by heartbeats, and knows at any moment whether we still have authority over the run."""

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from app.services.runs.lease import LeaseLost

log = logging.getLogger(__name__)


class LeaseKeeper:
    """Renews a lease in a thread of its own. `renew` does it once and answers whether the run was cancelled.

    Authority is lost when the database says so, and also when nothing has renewed the lease for as long as it lasts:
    by then somebody else may hold the run. `on_lost` is called in the keeper's thread, once, at that moment.
    """

    def __init__(
        self, renew: Callable[[], bool], *, heartbeat_s: float, lease_s: float, on_lost: Callable[[], None]
    ) -> None:
        self._renew = renew
        self._heartbeat_s = heartbeat_s
        self._lease_s = lease_s
        self._on_lost = on_lost
        self._valid_until = time.monotonic() + lease_s
        self._taken = False
        self._cancelled = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        self.stop()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked for the run's end."""
        return self._cancelled

    @property
    def lost(self) -> bool:
        """Whether we have no right any more to write to the run."""
        return self._taken or time.monotonic() >= self._valid_until

    def stop(self) -> None:
        """No heartbeat after this; to be called before the write that ends the lease, lest the two race."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(timeout=self._lease_s)

    def _run(self) -> None:
        wait_s = self._heartbeat_s
        while not self._ending.wait(wait_s):
            began = time.monotonic()
            try:
                self._cancelled = self._renew() or self._cancelled
                self._valid_until = began + self._lease_s  # from the question on: the answer may have come late
                wait_s = self._heartbeat_s
            except LeaseLost:
                self._taken = True
            except Exception as error:  # the database is away: we may go on until the lease runs out
                log.warning("heartbeat failed: %s", error)
                wait_s = min(1.0, self._heartbeat_s)
            if self.lost:
                self._on_lost()
                return
