"""The undisturbed run that every disturbed one is compared with, and a served Octet to disturb."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from octet import Client
from tests.faults.trial import BODY, End, end_of, upload
from tests.support.service import Service, serving


@dataclass(frozen=True)
class Disturbed:
    """A service of one's own, to kill parts of."""

    service: Service
    client: Client


@pytest.fixture(scope="session")
def undisturbed(service: Service, tmp_path_factory: pytest.TempPathFactory) -> End:
    """How the trial ends when nobody disturbs it."""
    with Client(service.url) as client:
        upload(client, tmp_path_factory.mktemp("undisturbed"))
        return end_of(client, client.submit(BODY).id)


@pytest.fixture
def disturbed(tmp_path: Path) -> Iterator[Disturbed]:
    """A served Octet at its default settings, with the trial's data."""
    with serving(tmp_path) as service, Client(service.url) as client:
        upload(client, tmp_path / "trial")
        yield Disturbed(service, client)
