"""A run is paused in mid-run and goes on later: on a free worker, a stalled one, one that does not hear."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from octet import Client
from tests.faults.conftest import Disturbed
from tests.faults.trial import BODY, LONGEST_S, STEPS, End, end_of, in_mid_run, upload
from tests.support.service import serving, wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]
SOON_S = 120.0


@pytest.fixture
def attentive(tmp_path: Path) -> Iterator[Disturbed]:
    """Its worker hears of a pause within half a second, so that no run comes to its end before."""
    with serving(tmp_path, OCTET_HEARTBEAT_S="0.5") as service, Client(service.url) as client:
        upload(client, tmp_path / "trial")
        yield Disturbed(service, client)


def paused(client: Client, run_id: str) -> None:
    wait_for(lambda: client.run(run_id).status == "paused", SOON_S, "being paused")


def test_a_paused_run_frees_its_worker_for_another_and_goes_on_without_losing_a_bit(
    attentive: Disturbed, undisturbed: End
):
    client = attentive.client
    run = in_mid_run(client)
    assert client.pause(run).status == "pausing"
    paused(client, run)
    assert attentive.service.find("training") is None
    step, used = client.run(run).progress.step, client.run(run).model_dump()["used_s"]
    assert end_of(client, client.submit(BODY).id) == undisturbed
    rested = client.run(run)
    assert (rested.status, rested.progress.step, rested.model_dump()["used_s"]) == ("paused", step, used)

    assert client.resume(run).status == "queued"
    assert end_of(client, run) == undisturbed
    first, second = client.attempts(run)
    assert (first.reason, second.reason) == ("paused", "finished")
    assert STEPS // 6 <= step == second.resumed_from_step < STEPS


def test_a_run_that_is_paused_many_times_ends_as_the_undisturbed_one(attentive: Disturbed, undisturbed: End):
    client = attentive.client
    run = in_mid_run(client)
    for attempt in range(1, 4):
        client.pause(run)
        paused(client, run)
        client.resume(run)
        wait_for(lambda beyond=attempt: _trains(client, run, beyond), LONGEST_S, "going on")
    assert end_of(client, run) == undisturbed
    assert [a.reason for a in client.attempts(run)] == ["paused"] * 3 + ["finished"]


def _trains(client: Client, run_id: str, beyond: int) -> bool:
    """Whether an attempt later than this one has made a step of its own."""
    attempts = client.attempts(run_id)
    return len(attempts) > beyond and client.run(run_id).progress.step > (attempts[-1].resumed_from_step or STEPS)


def test_a_pause_that_is_withdrawn_at_once_costs_at_most_one_more_attempt_and_no_bit(
    disturbed: Disturbed, undisturbed: End
):
    client = disturbed.client
    run = in_mid_run(client)
    client.pause(run)
    assert client.resume(run).status in ("running", "queued")
    assert end_of(client, run) == undisturbed
    *before, last = [a.reason for a in client.attempts(run)]
    assert last == "finished"
    assert before in ([], ["handed_back"], ["paused"])  # its worker had heard of the pause, and perhaps obeyed


def test_a_training_that_does_not_hear_is_killed_after_the_grace_and_goes_on_from_its_last_checkpoint(
    disturbed: Disturbed, undisturbed: End
):
    client = disturbed.client
    run = in_mid_run(client)
    os.kill(disturbed.service.process("training"), signal.SIGSTOP)
    client.pause(run)
    paused(client, run)
    assert disturbed.service.find("training") is None
    client.resume(run)
    assert end_of(client, run) == undisturbed
    assert [a.reason for a in client.attempts(run)] == ["paused", "finished"]


def test_a_run_whose_worker_stands_still_is_paused_without_it_and_goes_on_when_it_is_resumed(
    disturbed: Disturbed, undisturbed: End
):
    client = disturbed.client
    run = in_mid_run(client)
    stalled = disturbed.service.process("pool")
    os.kill(stalled, signal.SIGSTOP)
    try:
        assert client.pause(run).status == "pausing"
        paused(client, run)
        assert [a.reason for a in client.attempts(run)] == ["lost"]
        client.resume(run)
    finally:
        os.kill(stalled, signal.SIGCONT)
    assert end_of(client, run) == undisturbed
    assert [a.reason for a in client.attempts(run)] == ["lost", "finished"]
