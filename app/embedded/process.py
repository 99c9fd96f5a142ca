"""One process of the tree: started tied to the supervisor in a group of its own, started again when it dies."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from app.tether import tethered

HEALTHY_S = 10.0
"""Who has lived so long is started again at once: it did not die of its start."""
LONGEST_PAUSE_S = 30.0


@dataclass
class Process:
    """A command that shall always run. `before` prepares each start, given how many starts failed in a row."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    inherited: Sequence[int] = ()
    before: Callable[[int], None] = field(default=lambda _failures: None)
    _running: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    pause_s: float = 0.0
    _due: float = 0.0
    _failures: int = 0

    @property
    def pid(self) -> int | None:
        """Its process id, also of its group; None while it does not run."""
        return self._running.pid if self._running else None

    def start(self) -> None:
        """Run the command."""
        self.before(self._failures)
        self._running = subprocess.Popen(
            tethered(self.command),
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            pass_fds=self.inherited,
            process_group=0,
        )
        self._started = time.monotonic()

    def died(self) -> int | None:
        """The exit code, told once, of a process that ended by itself; its next start is due after a pause."""
        if self._running is None or (code := self._running.poll()) is None:
            return None
        self._kill_group(self._running.pid)  # nobody of its group lives on without it
        self._running = None
        self._failures = 0 if time.monotonic() - self._started >= HEALTHY_S else self._failures + 1
        self.pause_s = 0.0 if self._failures <= 1 else min(2.0 ** (self._failures - 2), LONGEST_PAUSE_S)
        self._due = time.monotonic() + self.pause_s
        return code

    def due(self) -> bool:
        """Whether it is time to start it again."""
        return self._running is None and time.monotonic() >= self._due

    def terminate(self) -> None:
        """Ask it to end; it tells its own children."""
        if self._running is not None and self._running.poll() is None:
            self._running.send_signal(signal.SIGTERM)

    def ended(self) -> bool:
        """Whether it does not run."""
        return self._running is None or self._running.poll() is not None

    def kill(self) -> None:
        """End it and its group at once."""
        if self._running is not None:
            self._kill_group(self._running.pid)
            self._running.wait()

    @staticmethod
    def _kill_group(pid: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
