"""The child, training or predicting, as its parent sees it: start it, hear it, stop it, end it."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.tether import tethered
from models.memory import held_bytes
from worker.messages import Message, decode
from worker.shared_log import cut_back

CHUNK_BYTES = 1 << 16
LAST_BREATH_S = 5.0
"""How long a child that has closed its pipe may take to end."""
LOOK_S = 0.2
"""How often its memory and its log are looked at."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class ChildProcess:
    """One running child, in a process group of its own, that cannot outlive the thread that started it.

    memory_limit: bytes that it and all that it starts may hold; it is ended when it is seen with more. None: no limit.
    peak_bytes: the most it was seen with; looked at LOOK_S apart. log: what it says to people, added to the file, which
    is cut back when it grows too long.
    """

    def __init__(
        self,
        assignment: Path,
        log: Path,
        *,
        threads: int | None,
        gpu: bool,
        module: str = "worker.child",
        memory_limit: int | None = None,
    ) -> None:
        self._hears, says = os.pipe()
        os.set_blocking(self._hears, False)
        command = [sys.executable, "-P", "-m", module, str(assignment), str(says)]
        try:
            with log.open("ab") as written:
                self._process = subprocess.Popen(
                    tethered(command),
                    stdin=subprocess.DEVNULL,
                    stdout=written,
                    stderr=written,
                    pass_fds=(says,),
                    process_group=0,
                    env=_environment(os.environ, threads, gpu),
                )
        finally:
            os.close(says)
        self._rest = b""
        self._open = True
        self._memory_limit = memory_limit
        self._log = log
        self.peak_bytes = 0
        self._closing = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="child-watch", daemon=True)
        self._watching.start()

    @property
    def pid(self) -> int:
        """Its process id, which is also the id of its group."""
        return self._process.pid

    def messages(self, timeout_s: float) -> Iterator[Message]:
        """What it said since the last call; waits up to timeout_s for the first.

        Raises ValueError when it says what is no message.
        """
        if not self._open or not select.select([self._hears], [], [], timeout_s)[0]:
            return
        for _ in range(64):  # then the caller looks at its clocks again, however much is said
            try:
                data = os.read(self._hears, CHUNK_BYTES)
            except BlockingIOError:
                return
            if not data:
                self._open = False
                return
            *lines, self._rest = (self._rest + data).split(b"\n")
            yield from map(decode, lines)

    def _watch(self) -> None:
        """Memory and log, in a thread of its own, for who hears the messages may wait long for a disk or a database.

        Not by RLIMIT_AS, which counts what a library maps and never uses: torch's alone are gigabytes. Nor by
        RLIMIT_FSIZE, which counts checkpoints, too.
        """
        while self._process.returncode is None:
            self.peak_bytes = max(self.peak_bytes, held_bytes(self.pid))
            if self._memory_limit is not None and self.peak_bytes > self._memory_limit:
                self.kill()
            cut_back(self._log)
            if self._closing.wait(LOOK_S):
                return

    def ended(self) -> bool:
        """Whether it is gone and everything it said has been heard."""
        return not self._open

    def exit_code(self) -> int:
        """How it ended, as of subprocess: negative is a signal. Ends it when it does not end by itself."""
        try:
            return self._process.wait(LAST_BREATH_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def stop(self) -> None:
        """Ask for the end, and for what is worth keeping before it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and all that it started, at once; safe from any thread."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End it if it still runs, and let go of the pipe."""
        self._closing.set()
        self._watching.join()
        self.kill()
        self._process.wait()
        cut_back(self._log)
        os.close(self._hears)


def last_words(log: Path, limit: int = 400) -> str:
    """The last line of a log that says something."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8192))
        lines: Sequence[str] = file.read().decode(errors="replace").split("\n")
        return next((line.strip()[-limit:] for line in reversed(lines) if line.strip()), "")
    return ""


def _environment(ours: Mapping[str, str], threads: int | None, gpu: bool) -> dict[str, str]:
    """What the child may know: no address of a database or broker, no GPU but where it may use one, and its threads."""
    kept = {name: value for name, value in ours.items() if not name.startswith("OCTET_")}
    settled = {} if threads is None else dict.fromkeys(THREAD_VARIABLES, str(threads))
    hidden = {} if gpu else {"CUDA_VISIBLE_DEVICES": ""}
    return kept | settled | hidden | {"PYTHONFAULTHANDLER": "1", "PYTHONUNBUFFERED": "1"}
