"""A service elsewhere, by its address: does it answer, is it ready, of this version, and what time does it have."""

import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from importlib.metadata import version

import httpx

from app.doctor.findings import Finding, first_line

TIMEOUT_S = 5.0
CLOCK_WARN_S = 5.0
"""Seconds that a Date of whole seconds and a slow network may be off."""


def look_at_service(url: str) -> Sequence[Finding]:
    """Up to three findings."""
    try:
        with httpx.Client(base_url=url.rstrip("/"), timeout=TIMEOUT_S, follow_redirects=True) as http:
            began = time.monotonic()
            index = http.get("/", headers={"accept": "application/json"})
            took_s = time.monotonic() - began
            ready = http.get("/health/ready")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        todo = "is it running, is the address right (with its path prefix), does a proxy or firewall stand between?"
        return [Finding("service", "fail", f"{url}: {first_line(error)}", todo)]
    try:
        known = index.json()
        if known["name"] != "octet":
            raise ValueError(known["name"])
    except (ValueError, KeyError, TypeError):
        todo = "give the address that octet serve printed; behind a proxy, with the path prefix"
        return [Finding("service", "fail", f"{url} answers {index.status_code}, but is no Octet", todo)]
    return [_version(url, str(known["version"]), took_s), _readiness(ready), *_clock(index)]


def _version(url: str, theirs: str, took_s: float) -> Finding:
    said = f"{url} is octet {theirs}, answers in {took_s * 1000:.0f} ms"
    if theirs != version("octet"):
        todo = f"this command is {version('octet')}: use the version of the service"
        return Finding("service", "warn", said, todo)
    return Finding("service", "ok", said)


def _readiness(answer: httpx.Response) -> Finding:
    if answer.status_code == 200:
        return Finding("ready", "ok", f"its parts answer: {', '.join(answer.json()['checks'])}")
    try:
        body = answer.json()
        why = "; ".join(f"{fault['pointer']}: {fault['detail']}" for fault in body.get("errors", [])) or body["detail"]
    except (ValueError, KeyError, TypeError):
        why = answer.text[:200]
    return Finding(
        "ready", "fail", f"{answer.status_code}: {why}", "run octet doctor on its machine, with its settings"
    )


def _clock(answer: httpx.Response) -> list[Finding]:
    try:
        apart = parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()
    except (KeyError, ValueError):
        return []
    said = f"its clock is {abs(apart):.0f} s {'before' if apart > 0 else 'behind'} this one"
    if abs(apart) < CLOCK_WARN_S:
        return [Finding("clocks", "ok", said)]
    return [Finding("clocks", "warn", said, "let both keep time by NTP, or the times of logs and runs will not agree")]
