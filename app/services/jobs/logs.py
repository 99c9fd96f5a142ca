"""The logs of a job's attempts: what each said to people, also while it still goes on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.storage import Storage


@dataclass(frozen=True, slots=True)
class AttemptLog:
    """One attempt: what is known of it in a line, and the file of what it said, which need not be there."""

    attempt: int
    about: str
    path: Path
    grows: bool


def logs_of(
    storage: Storage, attempts: Sequence[tuple[int, str, bool]], key: Callable[[int], str]
) -> list[AttemptLog] | None:
    """The logs of attempts (number, what is known of it, whether it goes on); None when none of them said anything."""
    found = [AttemptLog(number, about, storage.local(key(number)), grows) for number, about, grows in attempts]
    return found if any(log.path.exists() for log in found) else None


def text_of(logs: Sequence[AttemptLog], tail: int | None, *, headed: bool) -> Iterator[bytes]:
    """The attempts' words in order; with `tail` the last so many lines of them. `headed`: each below a line about it.

    Without `tail` one attempt at a time is held in memory, with it no more than its lines and one attempt.
    """
    if tail is None:
        for log in logs:
            yield _piece(log, _lines(log), headed)
        return
    pieces: list[bytes] = []
    for log in reversed(logs):
        lines = _lines(log)[-tail:]
        pieces.append(_piece(log, lines, headed))
        tail -= len(lines)
        if tail <= 0:
            break
    yield from reversed(pieces)


def _piece(log: AttemptLog, lines: Sequence[bytes], headed: bool) -> bytes:
    head = f"=== {log.about} ===\n".encode() if headed else b""
    return b"".join((head, *lines))


def _lines(log: AttemptLog) -> list[bytes]:
    """What an attempt has said so far; the last line is ended, whether or not the attempt did."""
    try:
        said = log.path.read_bytes()
    except FileNotFoundError:
        return []
    lines = said.splitlines(keepends=True)
    return lines if said.endswith(b"\n") or not said else [*lines[:-1], lines[-1] + b"\n"]
