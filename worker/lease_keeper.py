"""Keeps a lease alive by heartbeats, and knows at any moment whether we still have authority over the run."""

import logging
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from types import TracebackType
from typing import Self

from app.services.jobs.lease import LeaseLost, Order

log = logging.getLogger(__name__)


class LeaseKeeper:
    """Renews a lease in a thread of its own. `renew` does it once and answers what people ordered.

    Authority is lost when the database says so, and also when nothing has renewed the lease for as long as it lasts:
    by then somebody else may hold the run. A second thread waits for that moment by the clock of this machine, for a
    renewal may hang beyond it. `on_lost` is called in that thread, once; what is lost stays lost.
    """

    def __init__(
        self, renew: Callable[[], Order | None], *, heartbeat_s: float, lease_s: float, on_lost: Callable[[], None]
    ) -> None:
        self._renew = renew
        self._heartbeat_s = heartbeat_s
        self._lease_s = lease_s
        self._on_lost = on_lost
        self._valid_until = time.monotonic() + lease_s
        self._taken = False
        self._order: Order | None = None
        self._ending = False
        self._changed = threading.Condition()
        """Guards the four fields above; told of when the lease is taken, lost or given up."""
        self._renewing = _thread(self._keep_renewing, "lease-keeper")
        self._watching = _thread(self._watch, "lease-watch")

    def __enter__(self) -> Self:
        self._renewing.start()
        self._watching.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        self.stop()

    @property
    def order(self) -> Order | None:
        """What was asked of the job when the lease was last renewed: a pause may be withdrawn, a cancel stays."""
        return self._order

    @property
    def lost(self) -> bool:
        """Whether we have no right any more to write to the run."""
        return self._taken or time.monotonic() >= self._valid_until

    def stop(self) -> None:
        """No heartbeat after this; to be called before the write that ends the lease, lest the two race."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        for thread in (self._renewing, self._watching):
            if thread.is_alive():
                thread.join(timeout=self._lease_s)

    def _keep_renewing(self) -> None:
        wait_s = self._heartbeat_s
        while self._goes_on_for(wait_s):
            began = time.monotonic()
            try:
                self._prolonged(began, self._renew())
                wait_s = self._heartbeat_s
            except LeaseLost:
                self._lose()
            except Exception as error:  # the database is away: we may go on until the lease runs out
                log.warning("heartbeat failed: %s", error)
                wait_s = min(1.0, self._heartbeat_s)

    def _goes_on_for(self, seconds: float) -> bool:
        """Wait so long; false as soon as there is nothing to renew any more."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._ending or self.lost, seconds)

    def _prolonged(self, began: float, order: Order | None) -> None:
        with self._changed:
            self._order = order
            if not self.lost:  # else the answer came too late: somebody may have acted on the loss
                self._valid_until = began + self._lease_s  # from the question on, for the answer took its time

    def _lose(self) -> None:
        with self._changed:
            self._taken = True
            self._changed.notify_all()

    def _watch(self) -> None:
        with self._changed:
            while not self._ending and not self.lost:
                self._changed.wait(self._valid_until - time.monotonic())
            if self._ending:
                return
            self._taken = True
            self._changed.notify_all()
        self._on_lost()


def _thread(work: Callable[[], None], name: str) -> threading.Thread:
    """A thread whose log lines say, as those of the thread that made it, which run they belong to."""
    return threading.Thread(target=copy_context().run, args=(work,), name=name, daemon=True)
