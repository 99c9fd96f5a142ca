"""kill -9 of the training process in mid-run."""

import pytest

from tests.faults.conftest import Disturbed
from tests.faults.trial import End, end_of, in_mid_run, next_attempt

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


def test_a_killed_training_process_costs_no_point_and_no_bit(disturbed: Disturbed, undisturbed: End):
    client = disturbed.client
    run = in_mid_run(client)
    disturbed.service.kill("training")
    assert [a.reason for a in next_attempt(client, run)] == ["lost", None]
    assert end_of(client, run) == undisturbed
