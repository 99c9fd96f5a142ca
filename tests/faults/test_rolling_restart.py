"""SIGHUP to `octet serve`: every process is replaced under load, no request fails, and runs go on."""

import signal
from urllib.parse import urlsplit

import pytest

from tests.faults.conftest import Disturbed
from tests.faults.trial import BODY, LONGEST_S, End, end_of, in_mid_run
from tests.support.load import Listener, under_load
from tests.support.service import alive, wait_for

pytestmark = [pytest.mark.timeout(900)]


def test_a_rolling_restart_under_load_fails_no_request_and_costs_no_run_a_bit(disturbed: Disturbed, undisturbed: End):
    service, client = disturbed.service, disturbed.client
    address = urlsplit(service.url).netloc
    model = client.submit(BODY).id
    assert end_of(client, model) == undisturbed
    with under_load(address, model, "trial", BODY) as load:
        wait_for(load.all_answered, 120, "answers for every client")
        runs = [in_mid_run(client), client.submit(BODY).id]  # one of them is at work when the worker is told to end
        listener = Listener(address, runs[-1])
        wait_for(lambda: listener.streams, 60, "the stream of the run that waits")
        for _ in range(2):
            before = {kind: service.process(kind) for kind in ("api", "worker", "pool")}
            service.supervisor.send_signal(signal.SIGHUP)
            wait_for(lambda before=before: not any(map(alive, before.values())), 120, "the old processes ending")
            wait_for(lambda: service.find("api") and service.find("pool"), 120, "new processes")
            load.all_answered()
            wait_for(load.all_answered, 120, "answers for every client")
    assert load.failures == []
    assert len(load.results) == 1  # every prediction over the data set ended in the same bytes
    assert [end_of(client, run) for run in runs] == [undisturbed] * 2
    reasons = [[attempt.reason for attempt in client.attempts(run)] for run in runs]
    assert [ended for *_, ended in reasons] == ["finished"] * 2
    assert {reason for *before, _ in reasons for reason in before} == {"handed_back"}
    listener.end(LONGEST_S)
    assert listener.failures == []
    assert listener.streams >= 2  # one ended with its API before the run did
    assert listener.cursors == list(range(1, len(undisturbed.points) + 1))
    assert service.supervisor.poll() is None
