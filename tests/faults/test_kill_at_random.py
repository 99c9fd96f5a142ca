"""kill -9 of whatever the dice name, several times in one run, at moments that the dice name, too."""

import random
from functools import partial

import pytest

from tests.faults.conftest import Disturbed
from tests.faults.trial import BACK_S, STEPS, End, end_of, in_mid_run
from tests.support.service import Kind, wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]

KINDS: tuple[Kind, ...] = ("training", "pool", "worker", "api")


@pytest.mark.parametrize("seed", [15])
def test_a_run_that_is_killed_again_and_again_ends_as_if_nobody_had(disturbed: Disturbed, undisturbed: End, seed: int):
    """Each kill waits for a step that the dice choose beyond the one that the run stood at when it was killed last."""
    client, service, draw = disturbed.client, disturbed.service, random.Random(seed)
    run = in_mid_run(client)
    lost = 0
    for kind in draw.sample(KINDS, len(KINDS)):
        _until_beyond(disturbed, run, draw.randrange(STEPS // 8))
        service.kill(kind)
        if kind == "api":
            wait_for(client.ready, BACK_S, "the API answering again")
        else:
            lost += 1
            wait_for(partial(_is_at_attempt, disturbed, run, lost + 1), BACK_S, "the next attempt")
    assert end_of(client, run) == undisturbed
    assert [attempt.reason for attempt in client.attempts(run)] == ["lost"] * lost + ["finished"]


def _is_at_attempt(disturbed: Disturbed, run: str, attempt: int) -> bool:
    return disturbed.client.run(run).attempt == attempt


def _until_beyond(disturbed: Disturbed, run: str, steps: int) -> None:
    """Wait until the run trains, and is so many steps farther than it is now, or than the attempt goes on from."""
    client = disturbed.client
    first = client.attempts(run)[-1].resumed_from_step or 0

    def beyond() -> bool:
        found = client.run(run)
        assert not found.ended, f"ended too early to disturb it: {found}"
        return found.progress.step >= min(first + steps, STEPS - 20) and disturbed.service.find("training") is not None

    wait_for(beyond, 240, f"step {first + steps}")
