"""kill -9 of the worker (its main process) in mid-run."""

import pytest

from tests.faults.conftest import Disturbed
from tests.faults.trial import End, end_of, in_mid_run, next_attempt
from tests.support.service import alive, wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


def test_a_killed_worker_takes_all_of_its_processes_along_and_costs_no_point_and_no_bit(
    disturbed: Disturbed, undisturbed: End
):
    client = disturbed.client
    run = in_mid_run(client)
    left = [disturbed.service.process("pool"), disturbed.service.process("training")]
    disturbed.service.kill("worker")
    wait_for(lambda: not any(map(alive, left)), 60, "the processes of the worker dying with it")
    assert [a.reason for a in next_attempt(client, run)] == ["lost", None]
    assert end_of(client, run) == undisturbed
