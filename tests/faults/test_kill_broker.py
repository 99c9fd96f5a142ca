"""kill -9 of the broker in mid-run: training does not notice, and runs that are submitted meanwhile are not lost."""

from pathlib import Path

import pytest

from octet import Client
from tests.faults.private_broker import private_broker
from tests.faults.trial import BODY, End, end_of, ended, in_mid_run, upload
from tests.support.service import serving

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


def test_a_killed_broker_costs_no_point_no_bit_and_no_run(undisturbed: End, tmp_path: Path):
    with (
        private_broker(tmp_path) as broker,
        serving(tmp_path, **broker.environment) as service,
        Client(service.url) as client,
    ):
        upload(client, tmp_path / "trial")
        run = in_mid_run(client)
        broker.kill_and_let_come_back(service)
        other = client.submit(BODY | {"plan": {"steps": 4, "batch": 8, "threads": 1}}).id
        assert end_of(client, run) == undisturbed
        assert len(client.attempts(run)) == 1
        assert ended(client, other).status == "succeeded"
