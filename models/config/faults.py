"""What is wrong with a request body: every fault at once, each with a pointer to its place and the way to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. pointer: RFC 6901, into the body as it was sent ('' is the whole body); detail: fault and mend."""

    pointer: str
    detail: str


class ConfigError(ValueError):
    """A body that cannot become a run. faults: all that were found, in the order of the body's sections."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("; ".join(f"{fault.pointer or 'body'}: {fault.detail}" for fault in self.faults))


def pointer(*parts: str | int) -> str:
    """The RFC 6901 pointer to parts: '~' is written ~0 and '/' is written ~1."""
    return printable("".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts))


def printable(text: str) -> str:
    """text with lone surrogates (JSON can hold them, UTF-8 cannot) written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
