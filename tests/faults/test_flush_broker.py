"""FLUSHALL at a broker of the test's own: everything that the broker knew is gone at once."""

import pytest

from octet import Client
from tests.faults.private_broker import private_broker
from tests.faults.trial import BODY, End, end_of, ended, in_mid_run, upload
from tests.support.behind import broker_of
from tests.support.service import serving

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]

SHORT = BODY | {"plan": {"steps": 4, "batch": 8, "threads": 1}}


def test_a_flushed_broker_costs_no_run_neither_those_that_waited_nor_those_that_come_later(undisturbed: End, tmp_path):
    with (
        private_broker(tmp_path) as own,
        serving(tmp_path, **own.environment) as service,
        Client(service.url) as client,
    ):
        upload(client, tmp_path / "trial")
        run = in_mid_run(client)
        waiting = client.submit(SHORT).id
        with broker_of(service) as broker:
            broker.flushall()
        later = client.submit(SHORT).id
        assert end_of(client, run) == undisturbed
        assert [ended(client, other).status for other in (waiting, later)] == ["succeeded", "succeeded"]
        assert [len(client.attempts(each)) for each in (run, waiting, later)] == [1, 1, 1]
