"""What can be wrong with a request, in the domain's words; nothing of HTTP.

The classes by meaning are here; each rule's own error stands beside its rule and derives from one of these.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (an RFC 6901 pointer into the body, or the name of a field) and what to do."""

    pointer: str
    detail: str


class DomainError(Exception):
    """A use case refused. `rule` is a slug that names the rule for ever, `title` says it in a few words."""

    rule: ClassVar[str] = "error"
    title: ClassVar[str] = "The request could not be carried out"

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = list(faults)


class NotFound(DomainError):
    """What was named does not exist; the detail lists what does."""

    rule = "not-found"
    title = "Not found"


class Conflict(DomainError):
    """The request is sound, the present state forbids it."""

    rule = "conflict"
    title = "The present state does not allow this"


class Invalid(DomainError):
    """The content is readable, but breaks rules; every fault is named."""

    rule = "invalid"
    title = "The content breaks a rule"


class TooLarge(DomainError):
    """More than a limit allows."""

    rule = "too-large"
    title = "Larger than allowed"


class Unsupported(DomainError):
    """A kind of content that nothing here reads."""

    rule = "unsupported"
    title = "This kind of content is not supported"


class Busy(DomainError):
    """Too much to do right now; `retry_after_s` is when to come back."""

    rule = "busy"
    title = "Too much to do right now"

    def __init__(self, detail: str, retry_after_s: float) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


def known_rules() -> dict[str, type[DomainError]]:
    """Every rule of the classes that are loaded, by slug; the pages that problem types resolve to are made of it."""
    found: dict[str, type[DomainError]] = {}
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        kind = waiting.pop()
        found[kind.rule] = kind
        waiting.extend(kind.__subclasses__())
    return found
