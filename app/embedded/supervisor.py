"""`octet serve`: broker, API and workers as one tree of processes, started in order, kept alive, and ended together."""

import contextlib
import http.client
import os
import select
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from app.broker import open_broker
from app.embedded.broker_binary import broker_answers, broker_command, broker_log, find_broker
from app.embedded.faults import CannotServe, usable
from app.embedded.places import data_directory, forget_state, listen, socket_folder, url_of, write_state
from app.embedded.process import Process
from app.parts import open_database
from app.settings import Settings
from models.devices import usable_devices
from models.memory import left_for_training

LOOK_S = 0.5
BROKER_START_S = 30.0
BEYOND_GRACE_S = 4.0
"""What a worker may need beyond the grace of its training to store the last checkpoint and hand the run back."""
BROKER_STOP_S = 3.0


def serve(settings: Settings) -> int:
    """Run the service until SIGTERM or Ctrl-C; the exit code. A second signal ends everything at once."""
    try:
        with (
            data_directory(settings.data_dir),
            socket_folder(settings.data_dir) as sockets,
            StopSignals.heard() as signals,
        ):
            listening = listen(settings.http.host, settings.http.port)
            broker = None if settings.broker_url else sockets / "broker.sock"
            tree = Tree(settings, listening, broker, signals)
            try:
                tree.start()
                tree.keep()
            finally:
                listening.close()  # new clients are refused from here on
                tree.stop()
    except CannotServe as fault:
        print(f"octet serve: {fault}", file=sys.stderr)
        return 1
    return 0


@dataclass
class StopSignals:
    """The signals that came: one asks for the end, a second one for the end at once."""

    stops: int = 0
    wake: int = -1

    @classmethod
    @contextmanager
    def heard(cls) -> Iterator["StopSignals"]:
        """Listen to signals inside the block; `wake` can be read when one came, a child's death included."""
        signals = cls()
        signals.wake, written = os.pipe()
        for end in (signals.wake, written):
            os.set_blocking(end, False)
        known = {
            number: signal.signal(number, signals._stop) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        }
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

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stops += 1


def _knowing_memory(settings: Settings) -> Settings:
    """The API refuses what this machine cannot train; not where a GPU decides, whose memory only torch can tell."""
    worker = settings.worker
    if worker.train_memory_bytes or "cuda" in usable_devices(worker.devices):
        return settings
    known = worker.model_copy(update={"train_memory_bytes": left_for_training() or 0})
    return settings.model_copy(update={"worker": known})


class Tree:
    """The processes of one service. broker: the socket of the embedded one; None: the settings name another."""

    def __init__(self, settings: Settings, listening: socket.socket, broker: Path | None, signals: StopSignals) -> None:
        self._settings = settings
        self._signals = signals
        self._broker_socket = broker
        self._url = url_of(listening)
        settings = _knowing_memory(settings)
        if broker is not None:
            settings = settings.model_copy(update={"broker_url": f"redis+socket://{broker}"})
        self._told = settings
        self._untold: OSError | None = None
        environment = dict(os.environ) | settings.environment()
        python = [sys.executable, "-P", "-m"]
        api = [*python, "app.embedded.api", str(listening.fileno())]
        self._broker = None if broker is None else self._embedded_broker(broker)
        self._api = Process("api", api, environment, inherited=(listening.fileno(),))
        # one for each queue: a prediction does not wait behind a training of hours
        self._worker = Process("worker", [*python, "worker.main", "--queues", "runs"], environment)
        self._predictor = Process("predictor", [*python, "worker.main", "--queues", "predictions"], environment)

    def start(self) -> None:
        """Broker, tables, API and workers, in this order; returns when the API is ready, or a stop was ordered."""
        if self._broker is not None:
            self._start(self._broker)
            self._await_broker()
        self._prepare()
        for process in (self._api, self._worker, self._predictor):
            if not self._signals.stops:
                self._start(process)
        while not self._signals.stops and not self._ready():
            for process in self._all():
                if (code := process.died()) is not None:
                    raise CannotServe(f"the {process.name} ended (code {code}) before the service was ready; see above")
            self._signals.wait(0.1)
        if not self._signals.stops:
            print(f"Octet serves at {self._url} (data in {self._settings.data_dir}; Ctrl-C stops it)", flush=True)

    def keep(self) -> None:
        """Start again whatever dies, until a stop is ordered."""
        while not self._signals.stops:
            for process in self._all():
                if (code := process.died()) is not None:
                    print(f"octet serve: the {process.name} ended (code {code}) and is started again", file=sys.stderr)
                if process.due():
                    self._start(process)
            if self._untold is not None:
                self._tell()
            self._signals.wait(LOOK_S)

    def stop(self) -> None:
        """End all: API and worker first, the broker when nobody needs it any more."""
        users = [self._api, self._worker, self._predictor]
        self._end(users, self._settings.clocks.grace_s + BEYOND_GRACE_S)
        if self._broker is not None:
            self._end([self._broker], BROKER_STOP_S)
        forget_state(self._settings.data_dir)

    def _end(self, processes: Sequence[Process], limit_s: float) -> None:
        for process in processes:
            process.terminate()
        until = time.monotonic() + limit_s
        while not all(p.ended() for p in processes) and time.monotonic() < until and self._signals.stops < 2:
            self._signals.wait(0.1)
        for process in processes:
            process.kill()

    def _all(self) -> list[Process]:
        return [p for p in (self._broker, self._api, self._worker, self._predictor) if p is not None]

    def _start(self, process: Process) -> None:
        process.start()
        self._tell()

    def _tell(self) -> None:
        """Write down who runs. A disk that is full must not end the service: it is told as soon as there is room."""
        pids = {p.name: p.pid for p in self._all() if p.pid is not None}
        folder = None if self._broker_socket is None else str(self._broker_socket.parent)
        state = {"pid": os.getpid(), "url": self._url, "processes": pids, "socket_folder": folder}
        try:
            write_state(self._settings.data_dir, state)
            self._untold = None
        except OSError as error:
            if self._untold is None:
                print(f"octet serve: cannot write to {self._settings.data_dir}: {error.strerror}", file=sys.stderr)
            self._untold = error

    def _embedded_broker(self, address: Path) -> Process:
        folder = self._settings.data_dir / "broker"

        def before(failures: int) -> None:
            """Messages are only hints: a broker that cannot read its old ones begins without them."""
            if failures > 1:
                shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
            address.unlink(missing_ok=True)

        return Process("broker", broker_command(find_broker(), address, folder), os.environ, before=before)

    def _await_broker(self) -> None:
        assert self._broker is not None
        assert self._broker_socket is not None
        until = time.monotonic() + BROKER_START_S
        while not self._signals.stops and not broker_answers(self._broker_socket):
            if (code := self._broker.died()) is not None:
                print(f"octet serve: the broker ended (code {code}); once more", file=sys.stderr)
            if time.monotonic() >= until:
                raise CannotServe(f"the broker does not answer; see {broker_log(self._settings.data_dir / 'broker')}")
            if self._broker.due():
                self._start(self._broker)
            self._signals.wait(0.05)

    def _prepare(self) -> None:
        """See that the parts that the settings name answer, and bring the tables up to date. Raises CannotServe."""
        database = usable(lambda: open_database(self._told), "database", "OCTET_DATABASE_URL")
        try:
            usable(database.migrate, "database", "OCTET_DATABASE_URL")
        finally:
            database.close()
        if self._broker is None:
            broker = usable(lambda: open_broker(self._told), "broker", "OCTET_BROKER_URL")
            try:
                usable(broker.ping, "broker", "OCTET_BROKER_URL")
            finally:
                broker.close()

    def _ready(self) -> bool:
        """Whether the API says that it is ready."""
        address = urlsplit(self._url)
        asking = http.client.HTTPConnection(address.hostname or "", address.port, timeout=1)
        try:
            asking.request("GET", "/health/ready")
            return asking.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            asking.close()
