"""What can go wrong between a client and the service."""

import json
from collections.abc import Sequence

import httpx

from octet.objects import Fault


class OctetError(Exception):
    """Anything this client raises on purpose."""


class Unreachable(OctetError):
    """No service answers at the address, or it was lost and did not come back in time."""

    def __init__(self, url: str, cause: str, proxy: str | None = None) -> None:
        """proxy: the one of the environment that the request went to."""
        mend = "start one with: octet serve"
        if proxy:
            cause = f"through the proxy {proxy} of the environment: {cause}"
            mend = "NO_PROXY names the hosts that are asked without it"
        super().__init__(f"no Octet service answers at {url} ({cause}); {mend}")
        self.url = url


class FileChanged(OctetError):
    """A file grew or shrank while it was sent; nothing of it was taken."""


class Refused(OctetError):
    """The service said no: an RFC 9457 problem.

    `rule` is the last part of its type, `faults` name every place, `retry_after_s` says when a busy service has room.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        rule: str = "",
        faults: Sequence[Fault] = (),
        retry_after_s: float | None = None,
    ) -> None:
        self.status, self.title, self.detail, self.rule, self.faults = status, title, detail, rule, list(faults)
        self.retry_after_s = retry_after_s
        lines = [f"{title} ({status}): {detail}" if detail else f"{title} ({status})"]
        # The detail of a problem with one fault usually says it all.
        lines += [f"  {_place(f)}: {f.detail}" for f in self.faults if f.detail not in detail]
        super().__init__("\n".join(lines))

    @classmethod
    def of(cls, response: httpx.Response) -> "Refused":
        """The problem that a response (read already) carries; any other body is quoted."""
        try:
            body = response.json()
            found = body if isinstance(body, dict) else {}
        except (json.JSONDecodeError, UnicodeDecodeError):
            found = {}
        return cls(
            response.status_code,
            str(found.get("title") or response.reason_phrase or "The service refused"),
            str(found.get("detail") or ("" if found else response.text[:300])),
            str(found.get("type", "")).rpartition("/")[2],
            [Fault.model_validate(fault) for fault in found.get("errors") or []],
            float(wait) if (wait := response.headers.get("retry-after", "")).isdigit() else None,
        )


def _place(fault: Fault) -> str:
    return f"{fault.pointer or '/'} row {fault.row}" if fault.row is not None else fault.pointer or "/"
