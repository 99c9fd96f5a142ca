"""The connection to one service: requests, the pages of lists, a busy service; nothing here knows of runs."""

import os
import time
from collections.abc import Callable, Iterable
from typing import Any, Self
from urllib.parse import quote

import httpx

from octet.errors import Refused, Unreachable
from octet.proxies import is_own_machine, proxy_for
from octet.watching import PAGE

DEFAULT_URL = "http://127.0.0.1:8000"
SCHEMES = ("http://", "https://")
CONNECT_S = 10.0
KEPT_S = 3.0
"""Uvicorn closes a connection that asks nothing for 5 s; one that is about to be closed must not be asked."""
# A busy service says when to come back; this often, and never longer than so many seconds, the client does.
BUSY_RETRIES = 5
BUSY_WAIT_S = 30.0


class Connection:
    """Requests to one service; each raises Unreachable or Refused.

    url: by default OCTET_URL, else http://127.0.0.1:8000. timeout_s: how long one answer may take.
    """

    def __init__(self, url: str | None = None, *, timeout_s: float = 120.0) -> None:
        self.url = (url or os.environ.get("OCTET_URL") or DEFAULT_URL).rstrip("/")
        if not self.url.lower().startswith(SCHEMES):
            address = self.url.rpartition("://")[2] or "HOST:PORT"
            raise Unreachable(self.url, f"this is no URL of a service: write http://{address}")
        try:
            self._proxy = proxy_for(self.url)
            self._http = httpx.Client(
                base_url=self.url,
                timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
                limits=httpx.Limits(keepalive_expiry=KEPT_S),
                trust_env=not is_own_machine(self.url),  # a proxy does not know this machine's services
            )
        except (ValueError, httpx.InvalidURL) as error:
            raise Unreachable(self.url, f"this is no URL: {error}") from error
        except ImportError as error:  # httpx, of a proxy whose protocol it does not speak
            raise Unreachable(self.url, str(error), self._proxy) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ready(self) -> bool:
        """True when the service takes work."""
        try:
            return self._http.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def problem_type(self, rule: str) -> dict[str, Any]:
        """What the `rule` of a Refused means: its `cause` and its `mend`."""
        found: dict[str, Any] = self._send(
            "GET", f"/problems/{part(rule)}", headers={"accept": "application/json"}
        ).json()
        return found

    def get_json(self, path: str, **params: str | int) -> Any:
        """The JSON at a path, for what has no method here."""
        return self._send("GET", path, params=params).json()

    def _rows(self, path: str, key: str, limit: int | None = None) -> Iterable[Any]:
        rows: list[Any] = []
        cursor: Any = None
        while limit is None or len(rows) < limit:
            wanted = PAGE if limit is None else min(PAGE, limit - len(rows))
            answer = self.get_json(path, limit=wanted, **({} if cursor is None else {"after": cursor}))
            rows += answer[key]
            cursor = answer.get("next")
            if cursor is None or not answer[key]:
                break
        return rows[:limit]

    def _patiently(self, request: Callable[[], httpx.Response]) -> httpx.Response:
        """Send again while the service is busy (503 with Retry-After); each time anew, since bodies stream."""
        for _ in range(BUSY_RETRIES):
            try:
                return request()
            except Refused as refused:
                if refused.status != 503 or refused.retry_after_s is None:
                    raise
                time.sleep(min(refused.retry_after_s, BUSY_WAIT_S))
        return request()

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **more)
        except httpx.TransportError as error:
            raise Unreachable(self.url, str(error) or type(error).__name__, self._proxy) from error
        if response.is_error:
            raise Refused.of(response)
        return response


def part(name: str) -> str:
    """One part of a path, whatever stands in it; '.' and '..' too, which httpx would resolve."""
    return quote(name, safe="") if name.strip(".") else "%2E" * len(name)
