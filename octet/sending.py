"""What the parts of the client ask of the whole: one request, and all rows of a list."""

from collections.abc import Iterable
from typing import Any, Protocol

import httpx


class Sender(Protocol):
    """One request of the client."""

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer. Raises Unreachable and Refused."""


class Rows(Protocol):
    """The client's way through a list, page by page."""

    def __call__(self, path: str, key: str, limit: int | None = None) -> Iterable[Any]:
        """All rows. Raises Unreachable and Refused."""
