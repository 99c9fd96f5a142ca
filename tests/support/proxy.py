"""A proxy as small as one can be: TCP, in turns to the servers whose `GET /health/ready` says 200."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

LOOK_S = 0.2
PATIENCE_S = 5.0
"""A look at a server ends after this without an answer. It may be busy: what was known of it stays."""
CHUNK_BYTES = 1 << 16


class Proxy:
    """address: where it listens. ready: the ports of this machine that it sends new connections to."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._turn = 0
        self.ready: frozenset[int] = frozenset()
        self.address = ""

    async def serve(self, up: threading.Event, over: asyncio.Event) -> None:
        """Until it is over."""
        listening = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        host, port = listening.sockets[0].getsockname()
        self.address = f"{host}:{port}"
        looking = {asyncio.create_task(self._look(port)) for port in self._ports}
        up.set()
        await over.wait()
        listening.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left | looking:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(LOOK_S)  # what was closed is let go of

    async def _look(self, port: int) -> None:
        """At one server, again and again, so that none waits for the answer of another."""
        while True:
            if (ready := await _is_ready(port)) is not None:
                self.ready = self.ready | {port} if ready else self.ready - {port}
            await asyncio.sleep(LOOK_S)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes both ways until one side has closed. A client that no server is ready for is hung up on."""
        with _closed(writer), suppress(OSError, asyncio.CancelledError):  # cancelled: the proxy ends
            there_reads, there_writes = await asyncio.open_connection("127.0.0.1", self._next())
            with _closed(there_writes):
                ways = [asyncio.create_task(_carry(*way)) for way in ((reader, there_writes), (there_reads, writer))]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()

    def _next(self) -> int:
        """Raises ConnectionError."""
        ready = sorted(self.ready)
        if not ready:
            raise ConnectionError("no server is ready")
        self._turn += 1
        return ready[self._turn % len(ready)]


@contextmanager
def _closed(writer: asyncio.StreamWriter) -> Iterator[None]:
    """Closed however the block ends; at once, whatever is still to be sent, where it is cancelled."""
    try:
        yield
    except asyncio.CancelledError:
        writer.transport.abort()
        raise
    finally:
        writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(CHUNK_BYTES):
            writer.write(piece)
            await writer.drain()


async def _is_ready(port: int) -> bool | None:
    """What a server says of itself; False where nobody listens or it hangs up, None where no answer came in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                with _closed(writer):  # a look that is cancelled or out of patience leaves nothing open, either
                    writer.write(b"GET /health/ready HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n\r\n")
                    return b" 200 " in await reader.readline()
            except OSError:
                return False
    return None


@contextmanager
def proxy_before(ports: Sequence[int]) -> Iterator[Proxy]:
    """A running proxy, in a thread of its own."""
    proxy, up, told = Proxy(ports), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    serving = threading.Thread(target=loop.run_until_complete, args=(proxy.serve(up, told),), daemon=True)
    serving.start()
    try:
        assert up.wait(60)
        yield proxy
    finally:
        loop.call_soon_threadsafe(told.set)
        serving.join(60)
        loop.close()
