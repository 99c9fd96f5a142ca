"""Opened parts for the tests of the use cases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.parts import Parts
from tests.support.broker import ListBroker
from tests.support.parts import opened_parts


@pytest.fixture
def parts(tmp_path: Path, database_url: str) -> Iterator[Parts]:
    """Parts whose leases last longer than any test."""
    with opened_parts(tmp_path, database_url, lease_s=600.0) as opened:
        yield opened


@pytest.fixture
def broker(parts: Parts) -> ListBroker:
    """The broker of `parts`."""
    assert isinstance(parts.broker, ListBroker)
    return parts.broker
