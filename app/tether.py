"""Runs a command that dies with its parent: `python -m app.tether PARENT_PID COMMAND...`.

On Linux the kernel does it: it is asked to send SIGKILL when the parent ends, and the command takes this process'
place, with its id, open files and process group. The wish belongs to the thread that started this process; that thread
must live on. Elsewhere this process stays, passes signals on, and looks twice a second whether its parent is there.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

PR_SET_PDEATHSIG = 1
"""From <sys/prctl.h>."""
LOOK_S = 0.5


def tethered(command: Sequence[str]) -> list[str]:
    """The command line that runs `command` tied to the process that calls this."""
    return [sys.executable, "-P", "-m", "app.tether", str(os.getpid()), *command]


def main(argv: Sequence[str]) -> int:
    """Take the place of the command, or stay beside it."""
    parent, command = int(argv[0]), list(argv[1:])
    if sys.platform == "linux":
        _die_with_parent(parent)
        os.execvp(command[0], command)
    return _watch(parent, command)


def _die_with_parent(parent: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it ended before the kernel knew our wish
        sys.exit(1)


def _watch(parent: int, command: Sequence[str]) -> int:
    child = subprocess.Popen(command, close_fds=False)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, pass_on)
    while child.poll() is None:
        if os.getppid() != parent:
            os.killpg(0, signal.SIGKILL)
        time.sleep(LOOK_S)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
