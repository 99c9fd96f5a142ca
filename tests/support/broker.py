"""A broker that is a list in memory: the seam's smallest real implementation."""

import threading

from redis.exceptions import ConnectionError as RedisConnectionError


class ListBroker:
    """Announced runs wait in `messages` until taken; `away` makes it answer like a broker that is down."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.away = False
        self._lock = threading.Lock()

    def announce(self, run_id: str) -> None:
        with self._lock:
            if not self.away:
                self.messages.append(run_id)

    def take(self) -> str | None:
        """The message that waits longest."""
        with self._lock:
            return self.messages.pop(0) if self.messages else None

    def depth(self) -> int:
        self.ping()
        return len(self.messages)

    def ping(self) -> None:
        if self.away:
            raise RedisConnectionError("the broker is away")

    def close(self) -> None:
        self.messages.clear()
