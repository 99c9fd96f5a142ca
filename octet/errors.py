"""What can go wrong between a client and the service."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from octet.objects import Fault, Run


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


class RunFailed(OctetError):
    """A run that was waited for has failed; `run` is its last state, `run.error` the problem."""

    def __init__(self, run: Run) -> None:
        error = run.error or {}
        super().__init__(f"run {run.id} failed: {error.get('title', '')}: {error.get('detail', '')}")
        self.run = run


class Refused(OctetError):
    """The service said no: an RFC 9457 problem. The usual ones have classes of their own below.

    `rule` is the last part of its type, `faults` name every place, `retry_after_s` says when a busy service has room,
    `problem` is the body as it came.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        rule: str = "",
        faults: Sequence[Fault] = (),
        retry_after_s: float | None = None,
        problem: Mapping[str, Any] | None = None,
    ) -> None:
        self.status, self.title, self.detail, self.rule, self.faults = status, title, detail, rule, list(faults)
        self.retry_after_s = retry_after_s
        self.problem = dict(problem or {})
        lines = [f"{title} ({status}): {detail}" if detail else f"{title} ({status})"]
        # The detail of a problem with one fault usually says it all.
        lines += [f"  {_place(f)}: {f.detail}" for f in self.faults if f.detail not in detail]
        super().__init__("\n".join(lines))

    @staticmethod
    def of(response: httpx.Response) -> "Refused":
        """The problem that a response (read already) carries; any other body is quoted."""
        try:
            body = response.json()
            found = body if isinstance(body, dict) else {}
        except (json.JSONDecodeError, UnicodeDecodeError):
            found = {}
        return _KINDS.get(response.status_code, Refused)(
            response.status_code,
            str(found.get("title") or response.reason_phrase or "The service refused"),
            str(found.get("detail") or ("" if found else response.text[:300])),
            str(found.get("type", "")).rpartition("/")[2],
            [Fault.model_validate(fault) for fault in found.get("errors") or []],
            float(wait) if (wait := response.headers.get("retry-after", "")).isdigit() else None,
            found,
        )


class NotFound(Refused):
    """404: there is no such data set, run, model, checkpoint or metric."""


class Conflict(Refused):
    """409: it is there, but its state forbids this: a name that is taken, a data set in use, no checkpoint yet."""


class Invalid(Refused):
    """422: it can be read and breaks rules; `faults` has all of them."""


class Busy(Refused):
    """503: no room right now; `retry_after_s` says when to come back. Predictions are sent again by themselves."""


_KINDS: dict[int, type[Refused]] = {404: NotFound, 409: Conflict, 422: Invalid, 503: Busy}


def _place(fault: Fault) -> str:
    return f"{fault.pointer or '/'} row {fault.row}" if fault.row is not None else fault.pointer or "/"
