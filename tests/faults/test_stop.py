"""SIGTERM to the whole service in mid-run, and a new start on the same data."""

import os
import signal
import time

import pytest

from octet import Client
from tests.faults.conftest import Disturbed
from tests.faults.trial import STEPS, End, end_of, in_mid_run
from tests.support.service import alive, children, processes, start, wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


def _descendants(pid: int) -> list[int]:
    return [found for child in children(pid) for found in (child, *_descendants(child))]


@pytest.mark.parametrize("told_all", [False, True], ids=["the first process", "all processes"])
def test_a_stopped_service_ends_in_time_and_goes_on_from_its_last_step_without_losing_a_bit(
    disturbed: Disturbed, undisturbed: End, tmp_path, told_all: bool
):
    """The first process tells the others; a service manager may tell all of them, the broker and trainings included."""
    service = disturbed.service
    run = in_mid_run(disturbed.client)
    tree = {pid for kind in ("broker", "api", "worker", "pool", "training") if (pid := service.find(kind))}
    began = time.monotonic()
    for pid in _descendants(service.pid) if told_all else ():
        os.kill(pid, signal.SIGTERM)
    assert service.stop() == 0
    assert time.monotonic() - began < 30
    assert not [row for row in processes() if row[0] in tree and alive(row[0])]

    again = start(tmp_path, service.environment)
    try:
        with Client(again.url) as client:
            assert end_of(client, run) == undisturbed
            first, second = client.attempts(run)
            assert (first.reason, second.reason) == ("handed_back", "finished")
            assert STEPS // 6 <= second.resumed_from_step < STEPS
    finally:
        again.stop()


def test_a_second_signal_ends_everything_at_once(disturbed: Disturbed):
    service = disturbed.service
    in_mid_run(disturbed.client)
    tree = [service.process(kind) for kind in ("api", "worker", "pool", "training")]
    service.supervisor.send_signal(signal.SIGINT)
    service.supervisor.send_signal(signal.SIGTERM)
    assert service.supervisor.wait(15) == 0  # of a grace of 20 s
    wait_for(lambda: not any(map(alive, tree)), 60, "the last of them dying")  # killed; the kernel takes its time
