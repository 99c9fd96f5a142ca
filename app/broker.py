"""The one door to the queues: a Celery application over the Redis protocol, and `announce(job_id)`.

A message says no more than "look at run X", or "at prediction X". The row of the database is the truth, a worker takes
the job by a lease, and the reaper announces again what was lost; so a lost message costs seconds and a doubled one
costs nothing. Its headers say which request it comes from (app/tracing.py). Predictions over data sets have a queue of
their own, so that they need not wait behind a training of hours.

The URL is `redis://HOST:PORT/DB`, `rediss://...` or `redis+socket:///PATH`; `?prefix=NAME` (default `octet`) names the
keys, so that several services can share one Redis.
"""

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from urllib.parse import parse_qsl, urlencode

from celery import Celery
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError

from app.settings import Settings
from app.tracing import current

TRAIN_RUN = "octet.train_run"
PREDICT_DATASET = "octet.predict_dataset"
"""Names of the two tasks; the one argument of each is the id of a run or prediction."""
DEFAULT_PREFIX = "octet"
CONNECT_TIMEOUT_S = 2.0
REPLY_TIMEOUT_S = 3.0
"""How long a request may wait for a silent broker: one that accepts, but never answers."""
DAY_S = 86_400

BrokerError = (KombuError, OperationalError, RedisError, OSError)
"""All that a broker that is away, silent or full may raise."""

log = logging.getLogger(__name__)


class Queue(StrEnum):
    """Where jobs of one kind wait for a worker."""

    RUNS = "runs"
    PREDICTIONS = "predictions"


TASKS = {Queue.RUNS: TRAIN_RUN, Queue.PREDICTIONS: PREDICT_DATASET}


class BrokerSettingsError(ValueError):
    """OCTET_BROKER_URL is missing."""


class Broker(Protocol):
    """Where workers hear of runs and predictions."""

    def announce(self, job_id: str, queue: Queue = Queue.RUNS) -> None:
        """Say that a job waits. Within seconds, and without raising: the reaper announces again what is lost here."""

    def depth(self, queue: Queue = Queue.RUNS) -> int:
        """Messages that no worker has taken yet. Raises one of BrokerError."""

    def ping(self) -> None:
        """Returns when the broker answers. Raises one of BrokerError."""

    def close(self) -> None:
        """Give the connections back."""


class CeleryBroker:
    """The queue as the API and the pool processes of the worker see it; threads may share it."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def announce(self, job_id: str, queue: Queue = Queue.RUNS) -> None:
        """See Broker."""
        origin = current()
        headers = {name: value for name, value in origin.carried.items() if value} if origin else {}
        try:
            self._app.send_task(
                TASKS[queue], args=[job_id], queue=queue.value, headers=headers, ignore_result=True, retry=False
            )
        except BrokerError as error:
            log.warning("%s of %s could not be announced (%s); the reaper will do it", job_id, queue, error)

    def depth(self, queue: Queue = Queue.RUNS) -> int:
        """See Broker."""
        with self._app.pool.acquire(block=True, timeout=REPLY_TIMEOUT_S) as connection:
            return int(connection.default_channel.client.llen(queue.value))

    def ping(self) -> None:
        """See Broker."""
        with self._app.pool.acquire(block=True, timeout=REPLY_TIMEOUT_S) as connection:
            connection.default_channel.client.ping()

    def close(self) -> None:
        """See Broker."""
        self._app.close()


def open_broker(settings: Settings) -> Broker:
    """The broker that the settings name. Nothing is connected yet. Raises BrokerSettingsError."""
    if settings.broker_url is None:
        raise BrokerSettingsError(
            "OCTET_BROKER_URL is not set: give redis://HOST:PORT/DB, or start everything with `octet serve`"
        )
    app = celery_app(settings.broker_url)
    app.conf.broker_transport_options |= {"socket_timeout": REPLY_TIMEOUT_S}
    return CeleryBroker(app)


@dataclass(frozen=True, slots=True)
class BrokerFacts:
    """Who the broker is, whether its messages survive its restart, what it does when it is full, and what waits."""

    server: str
    version: tuple[int, ...]
    persistent: bool
    eviction: str
    waiting: dict[Queue, int]


def broker_facts(url: str) -> BrokerFacts:
    """Ask the broker about itself; changes nothing. Raises one of BrokerError."""
    app = celery_app(url)
    app.conf.broker_transport_options |= {"socket_timeout": REPLY_TIMEOUT_S}
    try:
        with app.pool.acquire(block=True, timeout=REPLY_TIMEOUT_S) as connection:
            client = connection.default_channel.client
            said = client.info()
            waiting = {queue: int(client.llen(queue.value)) for queue in Queue}
            try:
                snapshots = bool(client.config_get("save").get("save"))
            except RedisError:  # CONFIG is forbidden where somebody else runs the broker
                snapshots = bool(said.get("rdb_changes_since_last_save") is not None)
    finally:
        app.close()
    version = str(said.get("valkey_version") or said.get("redis_version", "0"))
    name = "Valkey" if "valkey_version" in said else "Redis"
    return BrokerFacts(
        server=f"{name} {version}",
        version=tuple(int(part) for part in version.split(".")[:2]),
        persistent=bool(said.get("aof_enabled")) or snapshots,
        eviction=str(said.get("maxmemory_policy", "noeviction")),
        waiting=waiting,
    )


def celery_app(url: str) -> Celery:
    """A Celery application of its own for one process; a worker adds the task, everybody else only sends it.

    Messages are acknowledged when they are taken, not when the run ends (Celery's early default). A late
    acknowledgement would bring a message back after a crash, but a run's lease outlives the crash by seconds: that
    message would find the lease alive and be dropped, and the reaper has to announce the run in any case. It would
    also leave every long run's message under the visibility timeout, which starts it again while it still runs.
    For the same reason nothing is taken ahead of need: a message in the hands of a busy worker would wait for hours
    beside idle ones.
    """
    address, prefix = _split_prefix(url)
    app = Celery("octet", broker=address, set_as_current=False)
    app.conf.update(
        task_default_queue=Queue.RUNS.value,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=False,
        task_send_sent_event=False,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,  # a run needs the database, not the broker
        worker_hijack_root_logger=False,
        broker_connection_timeout=CONNECT_TIMEOUT_S,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_channel_error_retry=True,  # a broker whose disk is full refuses by such errors: wait, and train on
        broker_transport_options={
            "global_keyprefix": f"{prefix}:",
            # Only a message between "taken" and "acknowledged" (milliseconds) is ever subject to this.
            "visibility_timeout": DAY_S,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "health_check_interval": 25,
            "socket_timeout": 30,
            "socket_connect_timeout": CONNECT_TIMEOUT_S,
            "socket_keepalive": True,
        },
    )
    return app


def _split_prefix(url: str) -> tuple[str, str]:
    """The URL without our own option, and the prefix of all keys."""
    address, _, query = url.partition("?")
    options = dict(parse_qsl(query))
    prefix = options.pop("prefix", DEFAULT_PREFIX)
    return address + (f"?{urlencode(options)}" if options else ""), prefix
