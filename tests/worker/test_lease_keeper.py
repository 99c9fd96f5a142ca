"""The keeper of a lease knows when authority is lost, and says so at once."""

import threading
import time
from collections.abc import Callable

import pytest

from app.services.jobs.lease import LeaseLost, Order
from tests.support.service import wait_for
from worker.lease_keeper import LeaseKeeper


class Database:
    """What heartbeats meet; `answer` may be changed while they come."""

    def __init__(self, answer: Callable[[], Order | None]) -> None:
        self.answer = answer
        self.asked = 0

    def renew(self) -> Order | None:
        self.asked += 1
        return self.answer()


def keeper_of(database: Database, lease_s: float, on_lost: Callable[[], None] = lambda: None) -> LeaseKeeper:
    return LeaseKeeper(database.renew, heartbeat_s=0.01, lease_s=lease_s, on_lost=on_lost)


def taken() -> Order | None:
    raise LeaseLost("taken by somebody else")


def away() -> Order | None:
    raise ConnectionError("the database is away")


def test_authority_is_held_while_heartbeats_succeed():
    database = Database(lambda: None)
    with keeper_of(database, lease_s=4.0) as keeper:
        wait_for(lambda: database.asked > 450, 120)  # at least 10 ms each, so beyond the lease that it began with
        assert not keeper.lost
        assert keeper.order is None


def test_a_lease_that_is_taken_ends_authority_at_the_next_heartbeat():
    lost = threading.Event()
    database = Database(taken)
    with keeper_of(database, lease_s=60, on_lost=lost.set) as keeper:
        assert lost.wait(60)
        assert keeper.lost
        assert database.asked == 1


def test_a_database_that_is_away_ends_authority_only_when_the_lease_runs_out():
    lost = threading.Event()
    began = time.monotonic()
    with keeper_of(Database(away), lease_s=0.3, on_lost=lost.set) as keeper:
        assert lost.wait(60)
        assert keeper.lost
    assert time.monotonic() - began >= 0.3


def test_a_database_that_comes_back_in_time_costs_nothing():
    database = Database(away)
    with keeper_of(database, lease_s=30) as keeper:
        wait_for(lambda: database.asked > 2, 60)
        database.answer = lambda: None
        asked = database.asked
        wait_for(lambda: database.asked > asked + 2, 60)
        assert not keeper.lost


def test_training_is_cut_off_at_the_end_of_the_lease_even_while_a_heartbeat_hangs():
    released, lost = threading.Event(), threading.Event()
    began = time.monotonic()
    with keeper_of(Database(lambda: "cancel" if released.wait(60) else None), lease_s=0.3, on_lost=lost.set) as keeper:
        assert lost.wait(60)
        assert time.monotonic() - began >= 0.3
        assert keeper.lost
        released.set()


def test_a_heartbeat_that_succeeds_too_late_brings_no_authority_back():
    """It began in time, so by its own count the lease would go on; but training has been ended."""
    asked, released, lost = threading.Event(), threading.Event(), threading.Event()
    answers = iter([lambda: None, lambda: asked.set() or (released.wait(60) and None)])
    database = Database(lambda: next(answers, lambda: None)())
    with keeper_of(database, lease_s=3.0, on_lost=lost.set) as keeper:
        assert asked.wait(60)
        assert lost.wait(60)
        released.set()
        wait_for(lambda: not keeper._renewing.is_alive(), 60)
        assert keeper.lost
        assert database.asked == 2


def test_who_gave_the_lease_up_hears_no_more_of_it():
    lost = threading.Event()
    with keeper_of(Database(away), lease_s=3.0, on_lost=lost.set) as keeper:
        keeper.stop()
        wait_for(lambda: keeper.lost, 60)
    assert not lost.is_set()


def test_the_order_is_what_the_last_heartbeat_brought_so_a_pause_may_be_withdrawn():
    database = Database(lambda: None)
    with keeper_of(database, lease_s=30) as keeper:
        for order in ("pause", None, "cancel"):
            database.answer = lambda order=order: order
            wait_for(lambda order=order: keeper.order == order, 60)


def test_a_heartbeat_that_fails_withdraws_no_order():
    database = Database(lambda: "cancel")
    with keeper_of(database, lease_s=30) as keeper:
        wait_for(lambda: keeper.order == "cancel", 60)
        database.answer = away
        asked = database.asked
        wait_for(lambda: database.asked > asked + 2, 60)
        assert keeper.order == "cancel"


@pytest.mark.parametrize("answer", [lambda: None, away])
def test_no_heartbeat_comes_after_a_stop(answer):
    database = Database(answer)
    with keeper_of(database, lease_s=30) as keeper:
        wait_for(lambda: database.asked > 0, 60)
        keeper.stop()
        asked = database.asked
    assert not keeper._renewing.is_alive()
    assert not keeper._watching.is_alive()
    assert database.asked == asked
