"""SIGSTOP of a worker past its lease, and SIGCONT once another one has carried the run out: it writes no other word."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.conftest import Disturbed
from tests.faults.trial import LONGEST_S, End, end_of, in_mid_run
from tests.support.behind import another_worker, blobs_of, rows_of
from tests.support.service import alive, wait_for

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]


@pytest.mark.parametrize("stalled", [("pool",), ("pool", "training")], ids=["worker", "worker and training"])
def test_a_worker_that_stalls_past_its_lease_writes_no_other_word_when_it_goes_on(
    disturbed: Disturbed, undisturbed: End, tmp_path, stalled
):
    client, service = disturbed.client, disturbed.service
    run = in_mid_run(client)
    pool, training = service.process("pool"), service.process("training")
    with another_worker(service, tmp_path) as other:
        with _stopped([service.process(kind) for kind in stalled]):
            wait_for(lambda: other.training is not None, 120, "the other worker taking the run over")
            assert end_of(client, run) == undisturbed
            lost, finished = client.attempts(run)
            assert (lost.reason, finished.reason) == ("lost", "finished")
            assert str(lost.worker).endswith(f":{pool}")
            before = rows_of(service), blobs_of(service)
        wait_for(lambda: "it stops here" in service.logs, LONGEST_S, "the stalled worker letting go of its run")
        wait_for(lambda: not alive(training), 60, "its training ending")
        assert alive(pool)
        rows, blobs = rows_of(service), blobs_of(service)
    assert (rows, blobs) == before


@contextmanager
def _stopped(processes: list[int]) -> Iterator[None]:
    """SIGSTOP inside the block, SIGCONT after it."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)
