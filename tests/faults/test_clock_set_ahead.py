"""The database's clock is set ahead by an hour: every lease is over at once, though its worker lives and holds on."""

from pathlib import Path

import pytest

from app.db.tables import metadata
from octet import Client
from tests.faults.trial import End, end_of, in_mid_run, upload
from tests.support.behind import another_worker, database_of, rows_of
from tests.support.clock import HOUR_S, set_an_hour_ahead
from tests.support.service import serving, wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]

LATE_BEATS = {"OCTET_HEARTBEAT_S": "6", "OCTET_LEASE_S": "12", "OCTET_REAPER_S": "0.5"}
"""A reaper looks long before the holder renews: nearly always the run is taken from a worker that still trains."""


def test_a_run_that_is_taken_from_its_living_worker_by_a_clock_set_ahead_ends_without_a_point_doubled_or_a_bit_lost(
    undisturbed: End, tmp_path: Path
):
    with serving(tmp_path, **LATE_BEATS) as service, Client(service.url) as client:
        upload(client, tmp_path / "trial")
        with another_worker(service, tmp_path) as other:
            wait_for(lambda: other.pool is not None, 60, "the second worker's pool")
            run = in_mid_run(client)
            with database_of(service) as engine, engine.begin() as writing:
                set_an_hour_ahead(writing)
            assert not client.run(run).ended
            assert end_of(client, run) == undisturbed
        reasons = [attempt.reason for attempt in client.attempts(run)]
        assert reasons in (["lost", "finished"], ["finished"])  # the latter when a heartbeat came first
        [row] = rows_of(service)["runs"]
        used_s = row[list(metadata.tables["runs"].columns.keys()).index("used_s")]
        assert 0 < used_s < HOUR_S / 2
