"""A broker that is a list in memory: the seam's smallest real implementation."""

import threading

from redis.exceptions import ConnectionError as RedisConnectionError

from app.broker import Queue


class ListBroker:
    """Announced runs wait in `messages` until taken, predictions in a list of their own.

    `away` makes it answer like a broker that is down.
    """

    def __init__(self) -> None:
        self.queues: dict[Queue, list[str]] = {queue: [] for queue in Queue}
        self.messages = self.queues[Queue.RUNS]
        self.away = False
        self._lock = threading.Lock()

    def announce(self, job_id: str, queue: Queue = Queue.RUNS) -> None:
        with self._lock:
            if not self.away:
                self.queues[queue].append(job_id)

    def take(self, queue: Queue = Queue.RUNS) -> str | None:
        """The message that waits longest."""
        with self._lock:
            return self.queues[queue].pop(0) if self.queues[queue] else None

    def depth(self, queue: Queue = Queue.RUNS) -> int:
        self.ping()
        return len(self.queues[queue])

    def ping(self) -> None:
        if self.away:
            raise RedisConnectionError("the broker is away")

    def close(self) -> None:
        for messages in self.queues.values():
            messages.clear()
