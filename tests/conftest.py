"""What every test may ask for: settings, opened parts and a really running service.

With OCTET_TEST_DATABASE_URL and OCTET_TEST_REDIS_URL set (make test-services), the same tests run on PostgreSQL and
Redis.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.threads import wait_without_spinning
from tests.support.databases import fresh_database


def pytest_configure() -> None:
    """Started in the background of a shell, this process ignores SIGINT, and so would all that the tests start.

    On a busy machine spinning threads make minutes of a training's seconds: tests wait as the service does.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    wait_without_spinning()


@pytest.fixture(scope="session")
def on_services() -> bool:
    """True when this session tests a PostgreSQL and a Redis."""
    return bool(os.environ.get("OCTET_TEST_DATABASE_URL"))


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """An empty database of this test's own: SQLite in its folder, or one in the PostgreSQL under test."""
    with fresh_database(tmp_path) as url:
        yield url


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """One really served Octet (broker, API, worker) for all tests that only talk to it."""
    from tests.support.service import serving

    with serving(tmp_path_factory.mktemp("served")) as served:
        yield served
