"""Which request a log line, a message or an event comes from: W3C Trace Context, carried from HTTP to the worker.

A request belongs to a trace, its client's own when it sent a valid `traceparent`, and is one span of it. Its run keeps
both, its message carries them, and every attempt at the run is a span of the same trace. Who logs names none of this:
the lines of a process take it from the context that they are written in.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

TRACEPARENT = "traceparent"
REQUEST_ID = "request_id"
_VALID = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True, slots=True)
class Origin:
    """A span of a trace, and the request that began it."""

    trace_id: str
    span_id: str
    flags: str
    request_id: str | None

    @classmethod
    def of(cls, traceparent: str | None, request_id: str | None = None) -> "Origin":
        """A new span below a caller's; of a trace of its own when the caller sent none, or none that is valid."""
        known = _parsed(traceparent or "")
        trace_id, flags = known or (_random(16), "01")
        return cls(trace_id, _random(8), flags, request_id)

    @property
    def traceparent(self) -> str:
        """As it goes on to others, who become spans below this one."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    @property
    def carried(self) -> dict[str, str | None]:
        """What a row or a message keeps of it; `of` reads it again."""
        return {TRACEPARENT: self.traceparent, REQUEST_ID: self.request_id}

    @property
    def named(self) -> dict[str, str]:
        """What an event says of it."""
        return {"trace_id": self.trace_id} | ({REQUEST_ID: self.request_id} if self.request_id else {})


_origin: ContextVar[Origin | None] = ContextVar("origin", default=None)
_about: ContextVar[Mapping[str, Any]] = ContextVar("about", default=MappingProxyType({}))


@contextmanager
def about(origin: Origin | None, **fields: Any) -> Iterator[None]:
    """Every log line, message and event of the block comes from this origin, and lines carry these fields."""
    origins, known = _origin.set(origin), _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(known)
        _origin.reset(origins)


def current() -> Origin | None:
    """Where what happens now comes from."""
    return _origin.get()


def line_fields() -> dict[str, Any]:
    """What a log line that is written now says beside its message."""
    origin = _origin.get()
    if origin is None:
        return dict(_about.get())
    spans: dict[str, Any] = {"trace_id": origin.trace_id, "span_id": origin.span_id}
    return spans | ({REQUEST_ID: origin.request_id} if origin.request_id else {}) | dict(_about.get())


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace of what a row keeps; None for rows of before there were any."""
    return traceparent.split("-")[1] if traceparent else None


def _parsed(traceparent: str) -> tuple[str, str] | None:
    """Trace id and flags of a valid `traceparent` (W3C Trace Context, section 3.2); a later version may be longer."""
    read = _VALID.fullmatch(traceparent)
    if read is None:
        return None
    version, trace_id, span_id, flags, more = read.groups()
    if version == "ff" or (version == "00" and more) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return trace_id, "01" if int(flags, 16) & 1 else "00"


def _random(size: int) -> str:
    """Hexadecimal digits of so many random bytes, not all zero: that is W3C's word for none."""
    return secrets.token_hex(size - 1) + f"{secrets.randbelow(255) + 1:02x}"
