"""Messages that come twice, never, or after the run has ended: the row of the run is the truth."""

import pytest

from tests.faults.conftest import Disturbed
from tests.faults.trial import BODY, End, end_of, ended, in_mid_run
from tests.support.behind import another_worker, blobs_of, broker_of, parts_of, queue_key, rows_of
from tests.support.service import wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]

SHORT = BODY | {"plan": {"steps": 4, "batch": 8, "threads": 1}}


def test_a_message_that_comes_again_while_the_run_trains_is_dropped_by_an_idle_worker(
    disturbed: Disturbed, undisturbed: End, tmp_path
):
    client, service = disturbed.client, disturbed.service
    run = in_mid_run(client)
    with another_worker(service, tmp_path) as idle, parts_of(service) as parts:
        wait_for(lambda: idle.pool is not None, 60, "the second worker's pool")
        for _ in range(2):
            parts.broker.announce(run)
        wait_for(lambda: parts.broker.depth() == 0, 60, "the messages being taken")
        assert end_of(client, run) == undisturbed
        assert idle.training is None
    assert [attempt.reason for attempt in client.attempts(run)] == ["finished"]


def test_a_message_that_never_comes_costs_seconds_and_no_run(disturbed: Disturbed, undisturbed: End):
    client, service = disturbed.client, disturbed.service
    first = in_mid_run(client)
    second = client.submit(BODY).id
    with broker_of(service) as broker:
        assert broker.delete(queue_key(service)) == 1, "the second run's message was not where it was looked for"
    assert end_of(client, first) == undisturbed
    assert end_of(client, second) == undisturbed
    assert [len(client.attempts(run)) for run in (first, second)] == [1, 1]


def test_a_message_that_comes_after_the_end_changes_nothing(disturbed: Disturbed):
    client, service = disturbed.client, disturbed.service
    run = client.submit(SHORT).id
    assert ended(client, run).status == "succeeded"
    rows, blobs = rows_of(service), blobs_of(service)
    with parts_of(service) as parts:
        parts.broker.announce(run)
    later = client.submit(SHORT).id
    assert ended(client, later).status == "succeeded"  # its message came after the other
    assert blobs.items() <= blobs_of(service).items()
    del rows["reaper_actions"]  # counts what reapers do for whatever run
    for table, known in rows.items():
        assert [row for row in rows_of(service)[table] if row in known] == known, table
