"""A really served Octet for tests: `octet serve` as a process tree of its own, alone or on the services under test."""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from redis import Redis

from app.embedded.places import read_state
from app.tether import tethered
from tests.support.databases import fresh_database

Kind = Literal["broker", "api", "worker", "pool", "training"]
READY = re.compile(r"^Octet serves at (\S+) ", re.MULTILINE)
START_S, STOP_S = 180.0, 90.0
"""A machine on which many such trees start and end at once takes long."""
T = TypeVar("T")


def wait_for(condition: Callable[[], T], timeout: float, what: str = "the condition") -> T:
    """The first true answer of the condition; AssertionError when there is none in time."""
    until = time.monotonic() + timeout
    while not (answer := condition()):
        assert time.monotonic() < until, f"{what} did not hold within {timeout:g} s"
        time.sleep(0.05)
    return answer


@dataclass
class Service:
    """One tree of processes. `pid` is the supervisor's."""

    url: str
    data_dir: Path
    log: Path
    environment: dict[str, str]
    supervisor: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.supervisor.pid

    @property
    def logs(self) -> str:
        """All that the tree has written so far."""
        return self.log.read_text(errors="replace")

    def process(self, kind: Kind) -> int:
        """The id of a process; AssertionError when there is none right now."""
        found = self.find(kind)
        assert found is not None, f"no {kind} process now"
        return found

    def find(self, kind: Kind) -> int | None:
        """The id of a process, or None. pool: the first of the worker's pool; training: the child of that."""
        if kind == "training":
            return next((c for c in children(self.find("pool")) if "worker.child" in command(c)), None)
        if kind == "pool":
            return next(iter(children(self.find("worker"))), None)
        pid = read_state(self.data_dir).get("processes", {}).get(kind)  # type: ignore[attr-defined]
        return pid if pid is not None and alive(pid) else None

    def kill(self, kind: Kind) -> int:
        """kill -9 a process; its id."""
        pid = self.process(kind)
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self) -> int:
        """SIGTERM, and the exit code. AssertionError when it does not end in time."""
        self.supervisor.terminate()
        try:
            return self.supervisor.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.supervisor.kill()  # everything else dies with it
            self.supervisor.wait()
            raise AssertionError(
                f"octet serve did not end within {STOP_S:g} s of SIGTERM:\n{self.logs[-4000:]}"
            ) from None


@contextmanager
def serving(folder: Path, *, disk_bytes: int | None = None, **environment: str) -> Iterator[Service]:
    """`octet serve` below a folder, ready to use, ended with the block.

    With OCTET_TEST_DATABASE_URL and OCTET_TEST_REDIS_URL it runs on a fresh database and on keys of its own there.
    disk_bytes: its data directory is a disk of its own, as small as this.
    """
    with ExitStack() as kept:
        given = dict(environment)
        if os.environ.get("OCTET_TEST_DATABASE_URL") and "OCTET_DATABASE_URL" not in given:
            given["OCTET_DATABASE_URL"] = kept.enter_context(fresh_database(folder))
        if (redis := os.environ.get("OCTET_TEST_REDIS_URL")) and "OCTET_BROKER_URL" not in given:
            given["OCTET_BROKER_URL"] = kept.enter_context(_own_keys(redis))
        service = start(folder, given, disk_bytes)
        try:
            yield service
        finally:
            if service.supervisor.poll() is None:
                service.stop()


@contextmanager
def _own_keys(redis: str) -> Iterator[str]:
    """The URL of keys of one's own in a shared Redis; they are removed afterwards."""
    prefix = f"test-{secrets.token_hex(6)}"
    try:
        yield f"{redis}?prefix={prefix}"
    finally:
        with Redis.from_url(redis) as shared:
            for key in shared.scan_iter(f"{prefix}:*"):
                shared.delete(key)


def start(
    folder: Path, environment: dict[str, str], disk_bytes: int | None = None, octet: Path | None = None
) -> Service:
    """Start `octet serve` on folder/data, also again after a stop; returns when it is ready.

    octet: the command, when it is not the one beside this Python.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OCTET_")}
    log = folder / f"serve-{secrets.token_hex(3)}.log"
    octet = octet or Path(sys.executable).with_name("octet")
    options = ["--port", "0", "--data-dir", str(folder / "data")]
    with log.open("wb") as written:
        supervisor = subprocess.Popen(
            tethered([*_on_disk(folder / "data", disk_bytes), str(octet), "serve", *options]),  # dies with the tests
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            env=clean | environment,
            start_new_session=True,
        )

    def ready() -> re.Match[str] | None:
        said = log.read_text(errors="replace")
        assert supervisor.poll() is None, f"octet serve ended with code {supervisor.returncode}:\n{said[-4000:]}"
        return READY.search(said)

    try:
        url = wait_for(ready, START_S, "octet serve being ready").group(1)
    except BaseException:
        supervisor.kill()
        supervisor.wait()
        raise
    seen = Path("/" if disk_bytes is None else f"/proc/{supervisor.pid}/root")
    return Service(url, seen / (folder / "data").relative_to("/"), log, environment, supervisor)


def _on_disk(folder: Path, size_bytes: int | None) -> list[str]:
    """What a command begins with that shall see a small disk of its own at a folder; nobody else sees it, or keeps it.

    Needs Linux and no rights: a user namespace has its own root.
    """
    if size_bytes is None:
        return []
    folder.mkdir(exist_ok=True)
    mount = f'mount -t tmpfs -o size={size_bytes} octet "$0" && exec "$@"'
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, str(folder)]


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        os.kill(pid, 0)
        if not Path("/proc/self/stat").exists():
            return True
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):  # also one that ends between the two looks
        return False


def children(pid: int | None) -> list[int]:
    """The living processes that a process started."""
    return [child for child, parent, _ in processes() if parent == pid and alive(child)]


def command(pid: int) -> str:
    """The command line of a process."""
    return next((args for child, _, args in processes() if child == pid), "")


def processes() -> list[tuple[int, int, str]]:
    """(process, parent, command line) of all that runs on this machine."""
    proc = Path("/proc/self/stat")
    if not proc.exists():
        said = subprocess.run(["ps", "-axo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
        rows = [line.split(None, 2) for line in said.splitlines()]
        return [(int(pid), int(parent), args) for pid, parent, args in rows]
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it ended meanwhile
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                args = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append((int(folder.name), parent, args))
    return found
