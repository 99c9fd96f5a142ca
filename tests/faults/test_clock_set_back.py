"""The database's clock is set back by an hour: no lease lives on without its worker, and none is taken from one."""

import pytest

from app.db.tables import metadata
from tests.faults.conftest import Disturbed
from tests.faults.trial import End, end_of, in_mid_run, next_attempt
from tests.support.behind import another_worker, database_of, rows_of
from tests.support.clock import HOUR_S, set_an_hour_back
from tests.support.service import Service, wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


def test_a_run_whose_worker_died_before_the_clock_went_back_is_taken_over_in_time(
    disturbed: Disturbed, undisturbed: End
):
    client, service = disturbed.client, disturbed.service
    run = in_mid_run(client)
    service.kill("pool")
    _set_clock_back(service)
    assert [attempt.reason for attempt in next_attempt(client, run)] == ["lost", None]
    assert end_of(client, run) == undisturbed


def test_a_worker_that_lives_keeps_its_run_and_its_account_of_time_when_the_clock_goes_back(
    disturbed: Disturbed, undisturbed: End, tmp_path
):
    client, service = disturbed.client, disturbed.service
    run = in_mid_run(client)
    with another_worker(service, tmp_path) as idle:
        wait_for(lambda: idle.pool is not None, 60, "the second worker's pool")
        _set_clock_back(service)
        assert end_of(client, run) == undisturbed
        assert idle.training is None
    assert [attempt.reason for attempt in client.attempts(run)] == ["finished"]
    [row] = rows_of(service)["runs"]
    used_s = row[list(metadata.tables["runs"].columns.keys()).index("used_s")]
    assert 0 < used_s < HOUR_S / 2


def _set_clock_back(service: Service) -> None:
    with database_of(service) as engine, engine.begin() as writing:
        set_an_hour_back(writing)
