"""The signals that `octet serve` hears: what asks for its end, and what asks for a rolling restart."""

import contextlib
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Signals:
    """The signals that came: one asks for the end, a second one for the end at once; SIGHUP for new processes.

    A terminal that is closed sends SIGHUP, too, and then it means the end, or nothing under nohup.
    """

    stops: int = 0
    wake: int = -1
    _renewal: bool = False
    _terminal: bool = False
    _nohup: bool = False

    @classmethod
    @contextmanager
    def heard(cls) -> Iterator["Signals"]:
        """Listen to signals inside the block; `wake` can be read when one came, a child's death included."""
        signals = cls(_terminal=_has_terminal(), _nohup=signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)
        signals.wake, written = os.pipe()
        for end in (signals.wake, written):
            os.set_blocking(end, False)
        known = {number: signal.signal(number, signals._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        known[signal.SIGHUP] = signal.signal(signal.SIGHUP, signals._hang_up)
        known[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        before = signal.set_wakeup_fd(written, warn_on_full_buffer=False)
        try:
            yield signals
        finally:
            signal.set_wakeup_fd(before)
            for number, handler in known.items():
                signal.signal(number, handler)
            os.close(signals.wake)
            os.close(written)

    def wait(self, timeout_s: float) -> None:
        """Sleep, but not through a signal."""
        if select.select([self.wake], [], [], timeout_s)[0]:
            with contextlib.suppress(BlockingIOError):
                os.read(self.wake, 4096)

    def renewal_asked(self) -> bool:
        """Whether a rolling restart was asked for since the last call."""
        asked, self._renewal = self._renewal, False
        return asked

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stops += 1

    def _hang_up(self, _number: int, _frame: FrameType | None) -> None:
        closed, self._terminal = self._terminal and not _has_terminal(), _has_terminal()
        if not closed:
            self._renewal = True
        elif not self._nohup:
            self.stops += 1


def _has_terminal() -> bool:
    """Whether this process has a controlling terminal right now."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
