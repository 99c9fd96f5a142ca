"""A cancel is obeyed, whatever the run does at that moment: in validations, saving, in the queue, out of reach."""

import os
import signal
import time
from typing import Any

import pytest

from octet import Client
from tests.faults.conftest import Disturbed
from tests.faults.trial import BODY, in_mid_run
from tests.support.service import wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]
HEARTBEAT_S, LEASE_S, GRACE_S = 3.0, 12.0, 20.0
OBEYED_S = HEARTBEAT_S + 5.0
"""The worker hears of it at its next heartbeat, then has 5 s beyond the end of a step."""
ENDS_S = HEARTBEAT_S + GRACE_S + 30.0
"""After the grace it kills what does not hear; the rest is for a machine that is busy."""


def full(globals_: dict[str, Any]) -> dict[str, Any]:
    """A long run of a small model."""
    input_info = {"input_source": "trial", "input_name": "in", "input_type": "bytes"}
    model = {"model_type": "sequence-default", "window_size": 16, "embedding_dim": 8}
    output_info = {"output_source": "trial", "output_name": "out", "output_type": "tabular"}
    return {
        "globals": {"training_control": {"early_stopping_patience": 0}, **globals_},
        "input": {
            "input_info": input_info,
            "input_type_info": {"max_length": 64},
            "model_config": {**model, "model_init_config": {"num_layers": 1, "num_heads": 2}},
        },
        "output": {"output_info": output_info, "output_type_info": {"target_cat_columns": ["side"]}},
        "plan": {"steps": 100_000, "batch": 1, "threads": 1},
    }


VALIDATES = full(
    {
        "basic_experiment": {"n_epochs": 100_000, "output_folder": "validates", "valid_size": 56},
        "evaluation_checkpoint": {"sample_interval": 1, "checkpoint_interval": 100_000},
    }
)
"""After each step of one file comes a validation of 56 batches."""
SAVES = full(
    {
        "basic_experiment": {"n_epochs": 100_000, "output_folder": "saves", "valid_size": 1},
        "evaluation_checkpoint": {"sample_interval": 1, "checkpoint_interval": 1, "n_saved_models": 1000},
    }
)
"""After each step of one file comes a checkpoint."""


def at_work(client: Client, body: dict[str, Any]) -> str:
    """A new run after its first steps; it is so long that it does not end before it hears of a cancel."""
    run = client.submit(body).id
    wait_for(lambda: client.run(run).progress.step >= 3 or client.run(run).ended, 240, "its first steps")
    return run


def cancelled(client: Client, run: str, within_s: float) -> float:
    """Cancel it; how long it took."""
    began = time.monotonic()
    assert client.cancel(run).status in ("cancelling", "cancelled")
    wait_for(lambda: client.run(run).status == "cancelled", within_s, "being cancelled")
    return time.monotonic() - began


@pytest.mark.parametrize("body", [VALIDATES, SAVES], ids=["validating", "saving"])
def test_a_run_that_does_little_but_validate_or_save_is_cancelled_in_time_with_what_it_has(
    disturbed: Disturbed, body: dict[str, Any]
):
    client = disturbed.client
    took_s = []
    for _ in range(3):
        run = at_work(client, body)
        took_s.append(cancelled(client, run, ENDS_S))
        assert [a.reason for a in client.attempts(run)] == ["cancelled"]
        step = client.run(run).progress.step
        assert step in [c.step for c in client.checkpoints(run) if c.kind == "resume"]
        assert client.points(run)
    assert min(took_s) < OBEYED_S  # of the others one may have met a busy moment


def test_a_run_in_the_queue_is_cancelled_at_once_while_another_one_trains(disturbed: Disturbed):
    client = disturbed.client
    running = at_work(client, VALIDATES)
    queued = client.submit(BODY).id
    assert client.cancel(queued).status == "cancelled"
    assert client.cancel(queued).status == "cancelled"
    cancelled(client, running, ENDS_S)
    assert client.attempts(queued) == []


def test_a_training_that_does_not_hear_is_killed_after_the_grace(disturbed: Disturbed):
    client = disturbed.client
    run = in_mid_run(client)
    os.kill(disturbed.service.process("training"), signal.SIGSTOP)
    assert cancelled(client, run, ENDS_S) >= GRACE_S
    assert [a.reason for a in client.attempts(run)] == ["cancelled"]


def test_a_run_whose_worker_stands_still_is_cancelled_without_it_and_it_writes_nothing_more(disturbed: Disturbed):
    client = disturbed.client
    run = in_mid_run(client)
    stalled = disturbed.service.process("pool")
    os.kill(stalled, signal.SIGSTOP)
    try:
        cancelled(client, run, LEASE_S + ENDS_S)
        assert [a.reason for a in client.attempts(run)] == ["lost"]
        before = client.run(run), client.points(run), client.checkpoints(run)
    finally:
        os.kill(stalled, signal.SIGCONT)
    wait_for(lambda: disturbed.service.find("training") is None, 60, "the training ending")
    again = at_work(client, VALIDATES)  # the worker works again, so it has seen that its lease is lost
    cancelled(client, again, ENDS_S)
    assert (client.run(run), client.points(run), client.checkpoints(run)) == before
