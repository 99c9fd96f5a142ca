"""Two processes of the API behind a proxy that asks them whether they are ready: both are replaced under load."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from octet import Client
from tests.faults.conftest import Disturbed
from tests.faults.trial import BODY, LONGEST_S, End, end_of, in_mid_run
from tests.support.behind import AnotherApi
from tests.support.load import Listener, under_load
from tests.support.proxy import Proxy, proxy_before
from tests.support.service import Service, wait_for

pytestmark = [pytest.mark.timeout(900)]

DRAIN_S = 12.0
"""More than a connection is kept without a request, 5 s, and than the proxy of a busy machine takes to notice."""
ENDS_S = DRAIN_S + 10.0 + 30.0


@contextmanager
def _two_apis(service: Service, folder: Path) -> Iterator[tuple[list[AnotherApi], Proxy]]:
    """Both ready."""
    apis = [AnotherApi(service, folder, DRAIN_S) for _ in range(2)]
    try:
        with proxy_before([api.port for api in apis]) as proxy:
            wait_for(lambda: len(proxy.ready) == 2, 120, "both being ready")
            yield apis, proxy
    finally:
        for api in apis:
            api.end()


def test_one_api_after_the_other_is_replaced_behind_a_proxy_and_no_request_fails(
    disturbed: Disturbed, undisturbed: End, tmp_path: Path
):
    with (
        _two_apis(disturbed.service, tmp_path) as (apis, proxy),
        Client(f"http://{proxy.address}") as client,
    ):
        model = client.submit(BODY).id
        assert end_of(client, model) == undisturbed
        with under_load(proxy.address, model, "trial", BODY) as load:
            wait_for(load.all_answered, 120, "answers for every client")
            run = in_mid_run(client)
            listeners = [Listener(proxy.address, run) for _ in range(6)]  # in turns: some at each
            wait_for(lambda: all(listener.cursors for listener in listeners), 120, "the streams' first points")
            for api in apis:
                api.process.terminate()
                wait_for(lambda api=api: api.port not in proxy.ready, DRAIN_S, "the proxy noticing")
                load.all_answered()
                assert api.process.wait(ENDS_S) == 0
                api.start()
                wait_for(lambda: len(proxy.ready) == 2, 120, "both being ready")
                wait_for(load.all_answered, 120, "answers for every client")
        assert load.failures == []
        assert len(load.results) == 1
        assert end_of(client, run) == undisturbed
        assert [attempt.reason for attempt in client.attempts(run)] == ["finished"]
        for listener in listeners:
            listener.end(LONGEST_S)
            assert listener.failures == []
            assert listener.cursors == list(range(1, len(undisturbed.points) + 1))
        assert max(listener.streams for listener in listeners) >= 2
