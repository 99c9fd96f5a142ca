"""What is wrong with a data set: problems that are said and lived with, and errors that refuse it."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

LISTED = 1000
"""How many problems of one kind are listed; the others are only counted."""


ARCHIVES_TAKEN = "send .tar, .tar.gz, .tar.xz, .tar.zst, .tar.bz2 or .zip"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a user should know about a data set, in words that say the fault and the mend.

    `row` counts the records of the labels file as a spreadsheet does: the header is row 1, the first label row 2.
    `column` is the target whose cell it is about.
    """

    kind: str
    id: str | None
    row: int | None
    detail: str
    column: str | None = None


@dataclass(slots=True)
class ProblemLog:
    """Problems as they are met: every one is counted and told to `tell`, at most `LISTED` of a kind are kept."""

    tell: Callable[[Problem], None] = lambda problem: None
    listed: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(
        self, kind: str, detail: str, *, file_id: str | None = None, row: int | None = None, column: str | None = None
    ) -> None:
        """Note one problem."""
        problem = Problem(kind, file_id, row, detail, column)
        self.tell(problem)
        if self.keeps(kind):
            self.listed.append(problem)
        self.counts[kind] += 1

    def keeps(self, kind: str) -> bool:
        """Whether one more problem of this kind would be listed."""
        return self.counts[kind] < LISTED


class PackedError(ValueError):
    """A data set that cannot be taken; `faults` lists what is wrong, each with its mend."""

    kind = "data"

    def __init__(self, faults: str | Sequence[Problem]) -> None:
        self.faults = [Problem(self.kind, None, None, faults)] if isinstance(faults, str) else list(faults)
        super().__init__("\n".join(fault.detail for fault in self.faults))


class ArchiveError(PackedError):
    """The files cannot be taken: an archive that is broken, unsafe, too large or empty."""

    kind = "archive"


class LabelError(PackedError):
    """The labels cannot be taken, or do not fit the files."""

    kind = "labels"


class FormatError(PackedError):
    """A folder is no pack that this version can read: another version, truncated, or inconsistent."""

    kind = "format"


def some(items: Iterable[object], limit: int = 5, of: int | None = None) -> str:
    """The first few items in words: `'a', 'b' and 3 more`. `of`: how many there are, where the items are not all."""
    listed = list(items)
    words = ", ".join(repr(item) for item in listed[:limit])
    more = (of or len(listed)) - limit
    return f"{words} and {more} more" if more > 0 else words


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 cell`, `2 cells`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def sparse_file(path: str, holes: int) -> str:
    """The words of a problem that is lived with: the file is whole, but most of it may be a hole."""
    return (
        f"the file {path!r} is sparse: {holes} of its bytes are holes, which are read as zeros; "
        "if they are no data, pack the file without them"
    )


def no_files(ignored: Sequence[str]) -> ArchiveError:
    """The error for a source that has no file to pack."""
    junk = f" but what is always ignored ({some(ignored, 3)})" if ignored else ""
    return ArchiveError(f"there are no files in it{junk}; put the files there that are to be learnt from")
