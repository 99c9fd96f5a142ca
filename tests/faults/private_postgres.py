"""A PostgreSQL cluster of a test's own, to be killed: never the one that other tests use."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.service import alive, wait_for

PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
START_S = 120.0


@dataclass(frozen=True)
class PrivatePostgres:
    """One cluster. user: who runs it, for PostgreSQL refuses to run as root."""

    bin: Path
    folder: Path
    port: int
    user: str

    @property
    def url(self) -> str:
        """Of a database in it."""
        return f"postgresql+psycopg://{self.user}@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """initdb; what a power cut would do to it is not under test, so it need not wait for the disk."""
        self._run("initdb", "-D", str(self.folder / "data"), "-A", "trust", "--no-sync")

    def start(self) -> None:
        """Begin, or recover. The predecessor's shared memory may be in use for a moment."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        log = str(self.folder / "log")
        command = ["pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-w", "-o", options, "start"]
        wait_for(lambda: self._run(*command, check=False) == 0, START_S, "PostgreSQL being up")

    def kill(self) -> None:
        """kill -9 of its first process; the others end when they notice."""
        postmaster = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        wait_for(lambda: not alive(postmaster), 60, "PostgreSQL being dead")

    def kill_and_restart(self) -> None:
        """kill -9, and a new start on the same files."""
        self.kill()
        self.start()

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        with (self.folder / "said").open("ab") as said:
            done = subprocess.run(
                [str(self.bin / program), *arguments],
                user=self.user,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                check=check,
            )
        return done.returncode


@contextmanager
def private_postgres() -> Iterator[PrivatePostgres]:
    """A running cluster on a free port, gone with the block."""
    found = shutil.which("initdb")
    places = [*([Path(found).parent] if found else []), *PLACES]
    assert places, "no initdb on PATH nor in /usr/lib/postgresql: install the server of PostgreSQL to run this test"
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="octet-postgres-"))  # not below pytest's folder, where only root may go
    shutil.chown(folder, user)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cluster = PrivatePostgres(places[0], folder, port, user)
    try:
        cluster.create()
        cluster.start()
        yield cluster
    finally:
        with suppress(FileNotFoundError, ProcessLookupError):  # it does not run
            cluster.kill()
        shutil.rmtree(folder, ignore_errors=True)
