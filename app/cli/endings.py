"""How a command ends: its exit codes, and the failure that carries one."""

from enum import IntEnum

from octet import Run


class Ending(IntEnum):
    """The exit codes."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NO_SERVICE = 3
    REFUSED = 4
    CANCELLED = 5
    INTERRUPTED = 130


class Failed(Exception):
    """A command cannot go on; the text says what is wrong and how to mend it."""

    def __init__(self, text: str, ending: Ending = Ending.USAGE) -> None:
        super().__init__(text)
        self.ending = ending


def ending_of(run: Run) -> Ending:
    """What a run that has ended makes of its command."""
    return {"failed": Ending.FAILED, "cancelled": Ending.CANCELLED}.get(run.status, Ending.DONE)
