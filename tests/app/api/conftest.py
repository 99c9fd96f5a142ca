"""What the tests of the routes share: one served application per module."""

from collections.abc import Iterator

import httpx
import pytest

from app.parts import Parts
from tests.app.api.served import served
from tests.support.databases import fresh_database
from tests.support.parts import opened_parts


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """Leases outlive every test: nobody sends heartbeats here, and the application reaps."""
    folder = tmp_path_factory.mktemp("api")
    with fresh_database(folder) as url, opened_parts(folder, url, lease_s=300) as parts:
        yield parts


@pytest.fixture(scope="module")
def client(parts: Parts) -> Iterator[httpx.Client]:
    with served(parts) as client:
        yield client
