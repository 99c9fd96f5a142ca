"""Records a terminal session as asciicast v2: `python docs/tools/record.py SCRIPT OUT.cast [COLUMNS ROWS]`.

SCRIPT has a line for each command, which is typed when the prompt is there. A line `^C after TEXT` presses Ctrl-C once
TEXT was seen behind the command before it. The shell is bash without anybody's settings, its prompt `$ `.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

KEY_S = 0.04
READ_S = 1.2
LIMIT_S = 900.0
INTERRUPT = "\x03"


class Session:
    """A shell in a terminal of its own; all that it writes is kept with its time."""

    def __init__(self, columns: int, rows: int) -> None:
        shell = {"PS1": "\\[\x1b[1m\\]$ \\[\x1b[0m\\]", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored in the background of a shell, and then by all below
            os.execvpe("bash", ["bash", "--noprofile", "--norc"], os.environ | shell)
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.began = time.monotonic()
        self.events: list[tuple[float, str]] = []
        self.behind = ""

    def read(self, seconds: float) -> None:
        """Take what comes within so many seconds."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self.end], [], [], left)[0]:
                text = os.read(self.end, 1 << 16).decode(errors="replace")
                self.events.append((round(time.monotonic() - self.began, 3), text))
                self.behind += text

    def wait_for(self, pattern: str) -> None:
        """Return when the pattern was seen since the last key. Raises TimeoutError."""
        until = time.monotonic() + LIMIT_S
        while not re.search(pattern, self.behind):
            if time.monotonic() > until:
                raise TimeoutError(f"{pattern!r} did not come; the end of the screen: {self.behind[-500:]!r}")
            self.read(0.05)

    def press(self, keys: str) -> None:
        """Type, as a person does."""
        self.behind = ""
        for key in keys:
            os.write(self.end, key.encode())
            self.read(KEY_S)


def main(script: Path, out: Path, columns: int = 100, rows: int = 34) -> None:
    """Play the script, write the recording."""
    session = Session(columns, rows)
    for line in filter(None, script.read_text().splitlines()):
        if line.startswith("^C after "):
            session.wait_for(line.removeprefix("^C after "))
            session.read(READ_S)
            session.press(INTERRUPT)
            continue
        session.wait_for(re.escape("$ ") + r"\S*\Z")
        session.read(READ_S)
        session.press(line)
        session.press("\r")
    session.wait_for(re.escape("$ ") + r"\S*\Z")
    session.read(READ_S)
    os.write(session.end, b"exit\r")
    os.waitpid(session.pid, 0)
    # nobody watches a progress bar for minutes: players cut what stands still
    head = {"version": 2, "width": columns, "height": rows, "idle_time_limit": 0.5, "title": script.stem}
    lines = [json.dumps(head), *(json.dumps([at, "o", text], ensure_ascii=False) for at, text in session.events)]
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(session.events)} events, {session.events[-1][0]:.0f} s -> {out}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:5]))
