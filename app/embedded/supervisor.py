"""`octet serve`: broker, API and workers as one tree of processes, started in order, kept alive, and ended together."""

import contextlib
import http.client
import os
import shutil
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from app.broker import open_broker
from app.embedded.broker_binary import broker_answers, broker_command, broker_log, find_broker
from app.embedded.faults import CannotServe, usable
from app.embedded.places import data_directory, forget_state, listen, socket_folder, url_of, write_state
from app.embedded.process import Process
from app.embedded.signals import Signals
from app.parts import open_database
from app.settings import Settings
from models.devices import usable_devices
from models.memory import left_for_training

LOOK_S = 0.5
BROKER_START_S = 30.0
BEYOND_GRACE_S = 4.0
"""What a worker may need beyond the grace of its training to store the last checkpoint and hand the run back."""
BROKER_STOP_S = 3.0
API_START_S = 60.0
HANDOVER_S = 600.0
"""So long an API that has a successor may take for the requests that it has begun."""


def serve(settings: Settings) -> int:
    """Run the service until SIGTERM or Ctrl-C; the exit code. A second signal ends everything at once.

    SIGHUP is a rolling restart: new processes take over from the old ones, and no request fails.
    """
    try:
        with (
            data_directory(settings.data_dir),
            socket_folder(settings.data_dir) as sockets,
            Signals.heard() as signals,
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


def _knowing_memory(settings: Settings) -> Settings:
    """The API refuses what this machine cannot train; not where a GPU decides, whose memory only torch can tell."""
    worker = settings.worker
    if worker.train_memory_bytes or "cuda" in usable_devices(worker.devices):
        return settings
    known = worker.model_copy(update={"train_memory_bytes": left_for_training() or 0})
    return settings.model_copy(update={"worker": known})


class Tree:
    """The processes of one service. broker: the socket of the embedded one; None: the settings name another."""

    def __init__(self, settings: Settings, listening: socket.socket, broker: Path | None, signals: Signals) -> None:
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
        self._serves, says = os.pipe()  # a byte for every API that has begun to serve
        os.set_blocking(self._serves, False)
        api = [*python, "app.embedded.api", str(listening.fileno()), str(says)]
        self._broker = None if broker is None else self._embedded_broker(broker)
        self._api = Process("api", api, environment, inherited=(listening.fileno(), says))
        self._leaving: list[Process] = []
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
        """Start again whatever dies, and all of it anew when asked, until a stop is ordered."""
        while not self._signals.stops:
            self._look(self._all())
            self._leaving = [process for process in self._leaving if process.died() is None]
            if self._signals.renewal_asked():
                self._renew()
            if self._untold is not None:
                self._tell()
            self._signals.wait(LOOK_S)

    def stop(self) -> None:
        """End all: API and worker first, the broker when nobody needs it any more."""
        users = [self._api, self._worker, self._predictor, *self._leaving]
        self._end(users, self._settings.clocks.grace_s + BEYOND_GRACE_S)
        if self._broker is not None:
            self._end([self._broker], BROKER_STOP_S)
        forget_state(self._settings.data_dir)

    def _look(self, processes: Sequence[Process]) -> None:
        """Start again what died."""
        for process in processes:
            if (code := process.died()) is not None:
                print(f"octet serve: the {process.name} ended (code {code}) and is started again", file=sys.stderr)
            if process.due():
                self._start(process)

    def _renew(self) -> None:
        """A rolling restart: a new API beside the old one, which leaves; then workers, whose runs go on."""
        print("octet serve: a rolling restart begins", file=sys.stderr)
        if self._succeeded():
            for process in (self._worker, self._predictor):
                process.end_within(self._settings.clocks.grace_s + BEYOND_GRACE_S)  # and is started again

    def _succeeded(self) -> bool:
        """Let a new API take over; without one that serves, the old one stays and nothing is restarted."""
        self._api_serves()  # what earlier ones said
        old, self._api = self._api, self._api.another()
        self._start(self._api)
        until = time.monotonic() + API_START_S
        while not (serves := self._api_serves()) and not self._signals.stops:
            if self._api.ended() or time.monotonic() >= until:
                print("octet serve: the new API does not serve (see above); the old one stays", file=sys.stderr)
                self._api.kill()
                self._api = old
                self._tell()
                return False
            self._look([process for process in self._all() if process is not self._api])
            self._signals.wait(0.1)
        self._leaving.append(old)
        if serves:
            old.hand_over_within(HANDOVER_S)
        return serves

    def _api_serves(self) -> bool:
        """Whether an API has begun to serve since the last call."""
        with contextlib.suppress(BlockingIOError):
            return bool(os.read(self._serves, 4096))
        return False

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
