"""One process of the tree: started tied to the supervisor in a group of its own, started again when it dies."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Self

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
    _end_by: float = inf

    @property
    def pid(self) -> int | None:
        """Its process id, also of its group; None while it does not run."""
        return self._running.pid if self._running else None

    def another(self) -> Self:
        """The same command, not running: to be started beside this one."""
        return type(self)(self.name, self.command, self.environment, self.inherited, self.before)

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
        """The exit code, told once, of a process that ended by itself; its next start is due after a pause.

        One that was told to end is due at once, and is killed when it takes longer than it may.
        """
        if self._running is not None and time.monotonic() >= self._end_by:
            self._kill_group(self._running.pid)
        if self._running is None or (code := self._running.poll()) is None:
            return None
        self._kill_group(self._running.pid)  # nobody of its group lives on without it
        self._running = None
        healthy = self._end_by < inf or time.monotonic() - self._started >= HEALTHY_S
        self._failures, self._end_by = 0 if healthy else self._failures + 1, inf
        self.pause_s = 0.0 if self._failures <= 1 else min(2.0 ** (self._failures - 2), LONGEST_PAUSE_S)
        self._due = time.monotonic() + self.pause_s
        return code

    def due(self) -> bool:
        """Whether it is time to start it again."""
        return self._running is None and time.monotonic() >= self._due

    def terminate(self) -> None:
        """Ask it to end; it tells its own children."""
        self._send(signal.SIGTERM)

    def end_within(self, seconds: float) -> None:
        """The same, once; `died` kills it after so long."""
        if self._end_by == inf:
            self._end_by = time.monotonic() + seconds
            self._send(signal.SIGTERM)

    def hand_over_within(self, seconds: float) -> None:
        """Tell it that a successor does its work: it ends what it has begun; `died` kills it after so long."""
        self._end_by = time.monotonic() + seconds
        self._send(signal.SIGHUP)

    def ended(self) -> bool:
        """Whether it does not run."""
        return self._running is None or self._running.poll() is not None

    def kill(self) -> None:
        """End it and its group at once."""
        if self._running is not None:
            self._kill_group(self._running.pid)
            self._running.wait()

    def _send(self, number: signal.Signals) -> None:
        if self._running is not None and self._running.poll() is None:
            self._running.send_signal(number)

    @staticmethod
    def _kill_group(pid: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
