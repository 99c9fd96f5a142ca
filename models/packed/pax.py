"""What the extension headers of a tar say of the member behind them: its long name, its size, the map of its holes.

POSIX.1-2017, pax interchange format; GNU tar manual, "Basic Tar Format" and "Sparse Formats".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from models.packed.names import shown
from models.packed.problems import ArchiveError

_SPARSE = b"GNU.sparse."


@dataclass(slots=True)
class Described:
    """Name and size where an extension header gives them; `sparse`: the values of each `GNU.sparse.*` key."""

    name: bytes | None = None
    size: int | None = None
    sparse: dict[bytes, list[bytes]] = field(default_factory=dict)

    def take(self, kind: bytes, extension: bytes) -> None:
        """Add what one extension header says. Raises ArchiveError for malformed records."""
        if kind == b"L":
            self.name = extension.partition(b"\0")[0]
        elif kind == b"g":
            _refuse_global(extension)
        elif kind != b"K":  # the target of a link, and links are refused
            for key, value in _records(extension):
                self._record(key, value)

    def _record(self, key: bytes, value: bytes) -> None:
        if key == b"path":
            self.name = value
        elif key == b"size":
            self.size = decimal(value)
        elif key.startswith(_SPARSE):
            self.sparse.setdefault(key[len(_SPARSE) :], []).append(value)

    @property
    def nothing(self) -> bool:
        """Whether no header said anything."""
        return self.name is None and self.size is None and not self.sparse


def decimal(value: bytes) -> int:
    """A whole number as pax writes it. Raises ArchiveError."""
    if not value.isdigit() or len(value) > 20:
        raise ArchiveError(f"the archive is damaged (a pax size of {shown(value[:40])!r}); make it again")
    return int(value)


def _records(records: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each pax record, `LENGTH KEY=VALUE\\n`."""
    at = 0
    while at < len(records):
        space = records.find(b" ", at, at + 20)
        digits = records[at:space] if space > 0 else b""
        end = at + int(digits) if digits.isdigit() else -1
        key, equals, value = records[space + 1 : end - 1].partition(b"=")
        if not space < end <= len(records) or not equals or records[end - 1 : end] != b"\n":
            raise ArchiveError("the archive is damaged (a pax record); make or send it again")
        yield key, value
        at = end


def _refuse_global(extension: bytes) -> None:
    """Global records are comments in practice (git archive); a name or size for every file makes no sense."""
    if {key for key, _ in _records(extension)} & {b"path", b"size"}:
        raise ArchiveError("a global pax header sets the name or size of all files; make the archive again")
