"""kill -9 of the pool process that holds the lease, in mid-run."""

import pytest

from tests.faults.conftest import Disturbed
from tests.faults.trial import End, end_of, in_mid_run, next_attempt
from tests.support.service import alive, wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


def test_a_killed_pool_process_takes_its_training_along_and_costs_no_point_and_no_bit(
    disturbed: Disturbed, undisturbed: End
):
    client = disturbed.client
    run = in_mid_run(client)
    training = disturbed.service.process("training")
    disturbed.service.kill("pool")
    wait_for(lambda: not alive(training), 60, "the training process dying with its parent")
    assert [a.reason for a in next_attempt(client, run)] == ["lost", None]
    assert end_of(client, run) == undisturbed
