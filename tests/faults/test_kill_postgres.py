"""kill -9 of PostgreSQL in mid-run, in a cluster of the test's own: it recovers, and so do all that it served."""

import pytest

from octet import Client
from tests.faults.private_postgres import private_postgres
from tests.faults.trial import STEPS, End, end_of, in_mid_run, upload
from tests.support.service import serving

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


def test_a_killed_postgres_costs_no_point_and_no_bit_and_who_watches_sees_every_point_once(
    undisturbed: End, tmp_path, on_services
):
    if not on_services:
        return  # SQLite is no process of its own
    with (
        private_postgres() as postgres,
        serving(tmp_path, OCTET_DATABASE_URL=postgres.url) as service,
        Client(service.url) as client,
    ):
        upload(client, tmp_path / "trial")
        run = in_mid_run(client)
        cursors, killed = [], False
        for seen in client.follow(run, every_s=0.2):
            cursors += [point.cursor for point in seen.points]
            if not killed and seen.run.progress.step < STEPS:
                killed = True
                postgres.kill_and_restart()
        assert end_of(client, run) == undisturbed
        assert cursors == list(range(1, len(undisturbed.points) + 1))
        reasons = [attempt.reason for attempt in client.attempts(run)]
        assert reasons in (["finished"], ["lost", "finished"])  # the latter where recovery outlasts a lease
