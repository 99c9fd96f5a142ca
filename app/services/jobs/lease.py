"""What every holder of a lease does: keep it, and learn from each write whether it is still held.

A lease is a random token in the job's row. Every write carries it; once somebody else's token (or none) stands there,
the write finds no row and the worker has to stop at once.
"""

from typing import Literal, Protocol

from app.db import leases
from app.db.engine import Transaction
from app.db.jobs import Jobs, Row
from app.services.jobs.states import Status


class LeaseLost(Exception):
    """The job is no longer ours: somebody else may be working on it. Stop at once and write nothing."""


class Holder(Protocol):
    """What a lease on any kind of job says."""

    @property
    def job_id(self) -> str:
        """The run or prediction."""

    @property
    def token(self) -> str:
        """Stands in its row as long as the lease is held."""

    @property
    def attempt(self) -> int:
        """Counts the leases on it."""

    @property
    def worker(self) -> str:
        """Who took it."""


Order = Literal["cancel", "pause"]
"""What people asked of a job that a worker holds; a heartbeat brings it."""
_ORDERS: dict[Status, Order] = {Status.CANCELLING: "cancel", Status.PAUSING: "pause"}


def renew(tx: Transaction, jobs: Jobs[Row], lease: Holder, lease_s: float) -> Order | None:
    """Prolong the lease, count the time; the order that stands. Raises LeaseLost."""
    status = leases.renew(tx, jobs, lease.job_id, lease.token, lease_s)
    if status is None:
        raise lost(jobs, lease)
    return _ORDERS.get(Status(status))


def held(tx: Transaction, jobs: Jobs[Row], lease: Holder) -> Row:
    """The job of a lease, locked. Raises LeaseLost."""
    job = leases.held(tx, jobs, lease.job_id, lease.token)
    if job is None:
        raise lost(jobs, lease)
    return job


def lost(jobs: Jobs[Row], lease: Holder) -> LeaseLost:
    """The error for a write that found no row of this lease."""
    return LeaseLost(f"{jobs.noun} {lease.job_id}: attempt {lease.attempt} of {lease.worker} no longer holds the lease")
