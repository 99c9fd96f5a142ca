"""The worker: `python -m worker.main [--concurrency N] [--queues runs,predictions]` takes jobs and carries them out.

`--ping` asks the one that runs on this machine whether it answers, and ends: a health check.

    main process     Celery's consumer; forks the pool; knows no database, loads no torch
    pool process     holds the lease of one job, writes to database and storage (worker.tasks, worker.leased_work)
    child            trains or predicts; knows models and messages only (worker.child, worker.predicting)

SIGTERM or Ctrl-C: no new run is taken, each running one is asked for a checkpoint and handed back, then the worker ends
(Celery's warm shutdown: it waits for its tasks, and the tasks end because the order reaches them, too). Killed in any
other way, all of it dies, and the runs' leases run out.
"""

import argparse
import logging
import signal
import socket
import sys
import warnings
from collections.abc import Sequence
from types import FrameType

from celery import Celery, signals
from celery.apps.worker import Worker
from celery.platforms import SecurityWarning

from app.broker import BrokerError, Queue, celery_app
from app.settings import Settings
from app.telemetry import log_to_stderr
from worker.shutdown import Shutdown
from worker.tasks import PoolProcess, register

PING_S = 5.0
"""How long a worker may take to answer when it is asked: its main process only waits for messages."""

log = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> int:
    """Work until told to stop; the exit code."""
    options = _arguments(argv)
    settings = Settings()
    log_to_stderr()
    if settings.broker_url is None:
        print("OCTET_BROKER_URL is not set: give redis://HOST:PORT/DB, or use `octet serve`", file=sys.stderr)
        return 2
    app = celery_app(settings.broker_url)
    if options.ping:
        return 0 if _answers(app, options.queues) else 1
    shutdown = Shutdown()
    register(app, PoolProcess(settings, shutdown))
    _order_on_signals(shutdown)
    signals.setup_logging.connect(_logs_already, weak=False)
    worker = _worker(app, options.concurrency, options.queues)
    worker.start()
    return int(worker.exitcode or 0)


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="octet worker", description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--concurrency", type=int, default=1, help="jobs carried out at a time (default 1)")
    parser.add_argument(
        "--queues",
        type=_queues,
        default=list(Queue),
        metavar="NAMES",
        help="what it takes: runs, predictions, or both (the default; a training then keeps predictions waiting)",
    )
    parser.add_argument(
        "--ping",
        action="store_true",
        help="start nothing: exit code 0 when the worker of these queues on this machine answers through the broker",
    )
    return parser.parse_args(argv)


def _queues(text: str) -> list[Queue]:
    """The queues of a list with commas. Raises ArgumentTypeError."""
    try:
        return [Queue(name.strip()) for name in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: use runs, predictions or runs,predictions") from error


def _answers(app: Celery, queues: Sequence[Queue]) -> bool:
    """Whether the worker of these queues on this machine answers; it does so also while its pool is busy."""
    app.conf.broker_transport_options |= {"socket_timeout": PING_S}
    try:
        answers = app.control.ping(destination=[_node(queues)], timeout=PING_S)
    except BrokerError as error:
        print(f"the broker does not answer: {error}", file=sys.stderr)
        return False
    finally:
        app.close()
    return bool(answers)


def _node(queues: Sequence[Queue]) -> str:
    """The name of this machine's worker of these queues, by which Celery tells workers apart."""
    return f"octet-{'-'.join(queues)}@{socket.gethostname()}"


def _worker(app: Celery, concurrency: int, queues: Sequence[Queue]) -> Worker:
    warnings.simplefilter("ignore", SecurityWarning)  # root in a container is usual, and nothing here loads pickle
    return Worker(
        app=app,
        hostname=_node(queues),
        queues=",".join(queues),
        pool="prefork",
        concurrency=concurrency,
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        optimization="fair",  # no run is put behind another one in a busy process
    )


def _logs_already(**_signal: object) -> None:
    """Celery leaves the logging alone where somebody hears this signal: its lines go through our formatter."""


def _order_on_signals(shutdown: Shutdown) -> None:
    """Let the tasks hear of a shutdown as soon as Celery's consumer does."""

    def ready(**_signal: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            _prepend(number, shutdown)

    signals.worker_ready.connect(ready, weak=False)


def _prepend(number: signal.Signals, shutdown: Shutdown) -> None:
    """Order the shutdown first, then do what Celery does at this signal."""
    celerys = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
        shutdown.order()
        if callable(celerys):
            celerys(received, frame)

    signal.signal(number, handle)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
