"""What can be wrong with a request, in the domain's words; nothing of HTTP.

The classes by meaning are here; each rule's own error stands beside its rule and derives from one of these.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, and what to do.

    `pointer` begins with a slash and is an RFC 6901 pointer into the body (of a form: to a part, `/labels`, `/file/3`),
    is empty for the whole body, or is the bare name of a parameter or header. `row` (the header is 1) and `column`
    tell the place in a table.
    """

    pointer: str
    detail: str
    row: int | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """How an error of a rule reads: what the page of its problem type shows. A pointer makes one fault of it."""

    detail: str
    pointer: str | None = None
    row: int | None = None

    @property
    def faults(self) -> list[Fault]:
        """The faults of the example."""
        return [] if self.pointer is None else [Fault(self.pointer, self.detail, self.row)]


class DomainError(Exception):
    """A use case refused. `rule` is a slug that names the rule for ever, `title` says it in a few words.

    A rule's class says in its docstring what the cause is, in `mend` what to do, in `example` how one reads: the page
    that the problem type resolves to.
    """

    rule: ClassVar[str] = "error"
    title: ClassVar[str] = "The request could not be carried out"
    mend: ClassVar[str] = ""
    example: ClassVar[Example] = Example("")

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = list(faults)


class NotFound(DomainError):
    """What was named does not exist; the detail lists what does."""

    rule = "not-found"
    title = "Not found"
    mend = "Use a name or an id that exists; the lists (GET /runs, GET /datasets, GET /models) show them."
    example = Example("nothing here has that name; there is: reviews")


class Conflict(DomainError):
    """The request is sound, the present state forbids it."""

    rule = "conflict"
    title = "The present state does not allow this"
    mend = "Bring about the state that the detail asks for, or wait for it, and send the request again."
    example = Example("the present state of the run does not allow this")


class Invalid(DomainError):
    """The content is readable, but breaks rules; every fault is named."""

    rule = "invalid"
    title = "The content breaks a rule"
    mend = "Change every place that `errors` names, and send the request again."
    example = Example("the body must be a JSON object, {...}")


class TooLarge(DomainError):
    """More than a limit allows."""

    rule = "too-large"
    title = "Larger than allowed"
    mend = (
        "Send less at once, or raise the limit that the detail names (OCTET_PREDICT_MAX_BYTES, "
        "OCTET_UPLOAD_MAX_BYTES, OCTET_JSON_MAX_BYTES, OCTET_MAX_ITEMS)."
    )
    example = Example("the body has 20000000 bytes; at most 16777216 are taken")


class Unsupported(DomainError):
    """A kind of content that nothing here reads."""

    rule = "unsupported"
    title = "This kind of content is not supported"
    mend = "Send the content type that the detail names, without a content-encoding."
    example = Example("the content type is text/plain; send JSON with content-type: application/json")


class Busy(DomainError):
    """Too much to do right now; `retry_after_s` is when to come back."""

    rule = "busy"
    title = "Too much to do right now"
    mend = "Send the same request again after the seconds of the header Retry-After."
    example = Example("too much waits already; come back in 3 s")

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
