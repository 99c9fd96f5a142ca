"""What the doctor finds, and how it looks: every check in a thread of its own with a time limit, none can hang it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]
LIMIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and what to do about it (nothing where it is ok)."""

    check: str
    level: Level
    said: str
    todo: str = ""

    def to_json(self) -> dict[str, str]:
        """As `octet doctor --json` prints it."""
        return asdict(self)


Look = Callable[[], Sequence[Finding]]


def examine(checks: Mapping[str, Look], limits_s: Mapping[str, float]) -> list[Finding]:
    """All findings, in the order of the checks. One that raises or does not end in its time is a finding itself."""
    running = [(name, *_started(name, look)) for name, look in checks.items()]
    found: list[Finding] = []
    for name, thread, said in running:
        limit_s = limits_s.get(name, LIMIT_S)
        thread.join(limit_s)
        if thread.is_alive():
            todo = "find out what keeps it from answering: a firewall, a wrong address, a stalled disk"
            found.append(Finding(name, "fail", f"no answer within {limit_s:g} s", todo))
        else:
            found += said
    return found


def first_line(error: BaseException) -> str:
    """What an error says, without the paragraphs below."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _started(name: str, look: Look) -> tuple[threading.Thread, list[Finding]]:
    said: list[Finding] = []

    def work() -> None:
        try:
            said.extend(look())
        except Exception as error:  # whatever it is, the other checks still have their say
            text = f"{type(error).__name__}: {first_line(error)}"
            said.append(Finding(name, "fail", text, "the check itself broke; the text says where"))

    thread = threading.Thread(target=work, name=f"doctor-{name}", daemon=True)
    thread.start()
    return thread, said
