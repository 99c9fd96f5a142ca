"""What the tests of the routes share: one served application per module, and a run that it may have trained."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from app.main import create_app
from app.parts import Parts
from tests.app.api import sides
from tests.app.api.driver import carry_out
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
def app(parts: Parts) -> FastAPI:
    return create_app(parts)


@pytest.fixture(scope="module")
def client(parts: Parts, app: FastAPI) -> Iterator[httpx.Client]:
    with served(parts, app) as client:
        yield client


@pytest.fixture(scope="module")
def dataset(client: httpx.Client) -> dict[str, object]:
    return sides.upload(client)


@pytest.fixture(scope="module")
def run(client: httpx.Client, parts: Parts, dataset: dict[str, object]) -> str:
    """A run with both kinds of target, trained to its end."""
    run = sides.submit(client)
    carry_out(parts, run)
    return run
