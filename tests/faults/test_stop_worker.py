"""SIGTERM to the worker alone in mid-run: it saves, hands its run back and ends in time; the next one goes on there."""

import os
import signal

import pytest

from tests.faults.conftest import Disturbed
from tests.faults.trial import STEPS, End, end_of, in_mid_run
from tests.support.service import Service, alive, wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
ENDS_S = 20.0 + 30.0
"""The grace, at whose end a training that does not hear is killed, and what a busy machine takes beyond it."""


def _main_process(service: Service) -> None:
    """As a container does, and `kill`."""
    os.kill(service.process("worker"), signal.SIGTERM)


def _all_processes(service: Service) -> None:
    """As systemd does, which sends it to all of a service's processes at once."""
    training = service.process("training")  # in a group of its own
    os.killpg(service.process("worker"), signal.SIGTERM)
    os.kill(training, signal.SIGTERM)


@pytest.mark.parametrize("told", [_main_process, _all_processes], ids=["main process", "all processes"])
def test_a_worker_that_is_told_to_end_hands_its_run_back_within_its_grace_and_the_next_one_loses_no_step(
    disturbed: Disturbed, undisturbed: End, told
):
    client, service = disturbed.client, disturbed.service
    run = in_mid_run(client)
    gone = {kind: service.process(kind) for kind in ("worker", "pool", "training")}
    told(service)
    wait_for(lambda: not any(map(alive, gone.values())), ENDS_S, "the worker ending")
    handed_back = client.attempts(run)[0]
    assert handed_back.reason == "handed_back"
    assert str(handed_back.worker).endswith(f":{gone['pool']}")
    saved = max(stored.step for stored in client.checkpoints(run) if stored.kind == "resume")
    assert STEPS // 6 <= saved < STEPS

    assert end_of(client, run) == undisturbed
    first, second = client.attempts(run)
    assert (first.reason, second.reason) == ("handed_back", "finished")
    assert second.resumed_from_step == saved
    assert second.worker != first.worker


def test_a_pool_process_at_work_does_not_drop_its_run_at_sigterm(disturbed: Disturbed, undisturbed: End):
    client, service = disturbed.client, disturbed.service
    run = in_mid_run(client)
    os.kill(service.process("pool"), signal.SIGTERM)
    assert end_of(client, run) == undisturbed
    assert [attempt.reason for attempt in client.attempts(run)] == ["finished"]
