"""What lies behind a served Octet: its settings, its rows and blobs as a test compares them, and more workers on it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from redis import Redis

from app.broker import Queue
from app.db.tables import metadata
from app.embedded.places import read_state
from app.parts import Parts, open_parts
from app.settings import Settings
from app.storage import digest_of
from app.tether import tethered
from tests.support.service import Service, children, command

OCTET = str(Path(sys.executable).with_name("octet"))
Rows = dict[str, list[tuple[Any, ...]]]


def settings_of(service: Service) -> Settings:
    """What the processes of a service are told, as far as a test needs it."""
    given = service.environment
    folder = read_state(service.data_dir).get("socket_folder")
    broker = given.get("OCTET_BROKER_URL") or f"redis+socket://{folder}/broker.sock"
    known = {"data_dir": service.data_dir, "broker_url": broker}
    if "OCTET_DATABASE_URL" in given:
        known["database_url"] = given["OCTET_DATABASE_URL"]
    return Settings(**known)


@contextmanager
def parts_of(service: Service) -> Iterator[Parts]:
    """The parts of a service, opened once more."""
    parts = open_parts(settings_of(service))
    try:
        yield parts
    finally:
        parts.close()


@contextmanager
def broker_of(service: Service) -> Iterator[Redis]:
    """The server that the messages of a service wait in."""
    address = str(settings_of(service).broker_url).partition("?")[0].replace("redis+socket://", "unix://")
    with Redis.from_url(address) as broker:
        yield broker


def queue_key(service: Service, queue: Queue = Queue.RUNS) -> str:
    """Where the messages of a queue wait in the broker of a service."""
    _, _, prefix = str(settings_of(service).broker_url).partition("?prefix=")
    return f"{prefix or 'octet'}:{queue.value}"


@contextmanager
def database_of(service: Service) -> Iterator[sa.Engine]:
    """The database of a service, without any of our own code before it."""
    url = settings_of(service).database_url
    patience = {"timeout": 60} if url.startswith("sqlite") else {}  # for a lock: the service writes, too
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=patience)
    try:
        yield engine
    finally:
        engine.dispose()


def rows_of(service: Service) -> Rows:
    """Every row of every table, in the order of the keys."""
    with database_of(service) as engine, engine.connect() as reading:
        return {
            table.name: [tuple(row) for row in reading.execute(sa.select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


def blobs_of(service: Service) -> dict[str, str]:
    """The digest of every stored blob, by its key."""
    root = settings_of(service).storage_dir
    return {str(path.relative_to(root)): digest_of(path)[0] for path in sorted(root.rglob("*")) if path.is_file()}


@dataclass(frozen=True)
class Worker:
    """A worker beside those that the service started itself."""

    pid: int
    log: Path

    @property
    def pool(self) -> int | None:
        """The process that holds the leases."""
        return next(iter(children(self.pid)), None)

    @property
    def training(self) -> int | None:
        """The process that trains."""
        return next((child for child in children(self.pool) if "worker.child" in command(child)), None)


def told_elsewhere(service: Service, folder: Path) -> dict[str, str]:
    """The environment of one more process, with a data directory of its own: another machine in all but the storage."""
    settings = settings_of(service)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OCTET_")}
    told = {
        "OCTET_DATA_DIR": str(folder / "elsewhere"),
        "OCTET_STORAGE_DIR": str(settings.storage_dir),
        "OCTET_DATABASE_URL": settings.database_url,
        "OCTET_BROKER_URL": str(settings.broker_url),
    }
    return clean | service.environment | told


@contextmanager
def another_worker(service: Service, folder: Path) -> Iterator[Worker]:
    """One more worker for runs."""
    log = folder / "another-worker.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            tethered([sys.executable, "-P", "-m", "worker.main", "--queues", "runs"]),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            env=told_elsewhere(service, folder),
            start_new_session=True,
        )
    try:
        yield Worker(process.pid, log)
    finally:
        with suppress(ProcessLookupError):
            process.kill()  # its pool and its training die with it
        process.wait()


@dataclass
class AnotherApi:
    """One API process more, as in a container; drain_s: of OCTET_DRAIN_S."""

    service: Service
    folder: Path
    drain_s: float

    def __post_init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        """On the same port each time."""
        environment = told_elsewhere(self.service, self.folder) | {"OCTET_DRAIN_S": str(self.drain_s)}
        with (self.folder / f"api-{self.port}.log").open("ab") as written:
            self.process = subprocess.Popen(
                tethered([OCTET, "api", "--port", str(self.port)]),
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                env=environment,
                start_new_session=True,
            )

    def end(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()
