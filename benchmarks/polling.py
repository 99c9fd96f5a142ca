"""What a million points cost those who follow a run: many clients that poll it, and watchers of its event stream.

    .venv/bin/python -m benchmarks.polling [--points 1000000] [--clients 200] [--watchers 50] [--seconds 60]
    .venv/bin/python -m benchmarks.polling --database postgresql+psycopg://postgres@127.0.0.1:5432/test

Starts `octet serve` (with --database on a database of its own in that server), writes two runs that go on into it, one
of 1,000 points and one of --points, and follows each in turn, twice, while ten points a second come: every client asks
once a second beyond its cursor with If-None-Match, one in twenty begins anew without a cursor. Prints the percentiles
of both runs beside each other, and the memory of the API before and after each round. Linux.
"""

import argparse
import asyncio
import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, make_url, select, text, update

from app.db import points, runs
from app.db import tables as known
from app.db.engine import Database
from app.services.ids import new_id
from benchmarks.served import serve

EVERY_S = 1.0
NEW_EVERY_S = 0.1
FRESH = 20
"""One client in so many polls without a cursor."""
SMALL = 1000
CHUNK = 10_000


@dataclass
class Seen:
    """Seconds that answers took, by kind, and how many points the watchers got."""

    polls: list[float] = field(default_factory=list)
    fresh: list[float] = field(default_factory=list)
    events: int = 0
    wrong: int = 0


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--watchers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each round")
    parser.add_argument("--database", help="a PostgreSQL server; SQLite when left out")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _database(asked.database) as url:
        data = Path(folder) / "data"
        if url is not None:
            os.environ["OCTET_DATABASE_URL"] = url
        with serve(data) as served:
            database = Database(url or f"sqlite:///{data / 'octet.db'}")
            small, large = (a_run(database, count) for count in (SMALL, asked.points))
            memory = [own_memory(served.api)]
            rounds: dict[str, list[Seen]] = {small: [], large: []}
            for run in (small, large, small, large):
                with coming(database, run):
                    rounds[run].append(asyncio.run(follow(served.port, run, asked)))
                memory.append(own_memory(served.api))
            report(asked, rounds[small], rounds[large], memory, "PostgreSQL" if url else "SQLite")
            database.close()


def report(asked: argparse.Namespace, small: list[Seen], large: list[Seen], memory: list[float], name: str) -> None:
    """A row for each kind of client."""
    print(
        f"{name}; {asked.clients} clients every {EVERY_S:g} s, {asked.watchers} watchers, rounds of {asked.seconds:g} s"
    )
    for kind in ("polls", "fresh"):
        both = [sorted(one for seen in rounds for one in getattr(seen, kind)) for rounds in (small, large)]
        said = [" ".join(f"p{at} {_share(took, at):6.1f}" for at in (50, 95, 99)) for took in both]
        ratio = _share(both[1], 99) / max(_share(both[0], 99), 1e-9)
        print(f"{kind:5} {SMALL:>9,} points: {said[0]} ms (n={len(both[0])})")
        print(f"{kind:5} {asked.points:>9,} points: {said[1]} ms (n={len(both[1])}); p99 {ratio:.2f} times as long")
    events = [sum(seen.events for seen in rounds) for rounds in (small, large)]
    print(f"events of the watchers: {events[0]} and {events[1]}; wrong answers: {sum(s.wrong for s in small + large)}")
    print(f"memory of the API before and after each round, MB: {', '.join(f'{one:.0f}' for one in memory)}")


def _share(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1e3 if ordered else 0.0


def a_run(database: Database, count: int) -> str:
    """A run that goes on, as the service knows it: like the one that was trained, with so many points."""
    run = new_id()
    with database.transaction() as tx:
        like: dict[str, Any] = dict(tx.execute(select(known.runs).limit(1)).mappings().one())
        del like["seq"]
        far = time.time() + 1e6  # of a lease: nobody takes the run back
        held = {
            "status": "running",
            "lease_token": secrets.token_hex(16),
            "lease_expires": far,
            "counted_at": time.time(),
        }
        runs.add(
            tx, like | held | {"id": run, "name": f"{count} points", "last_cursor": 0, "ended": None, "error": None}
        )
    for first in range(0, count, CHUNK):
        add(database, run, first, min(CHUNK, count - first))
    return run


def add(database: Database, run: str, first: int, count: int) -> None:
    """Points as a training makes them: two metrics of two targets on two sides, then the next step."""
    kinds = [(split, target, name) for split in ("train", "valid") for target in ("a", "b") for name in ("loss", "mcc")]
    values = []
    for at in range(first, first + count):
        split, target, name = kinds[at % len(kinds)]
        step = at // len(kinds)
        values.append(
            {"step": step, "epoch": step / 100, "split": split, "target": target, "name": name, "value": 1 / (step + 1)}
        )
    with database.transaction() as tx:
        row = runs.lock(tx, run)
        assert row is not None
        last = points.add(tx, run, row.last_cursor, values)
        tx.execute(update(known.runs).where(known.runs.c.id == run).values(last_cursor=last))


@contextmanager
def coming(database: Database, run: str) -> Iterator[None]:
    """A point every tenth of a second while the block runs."""
    ended = threading.Event()

    def write() -> None:
        with database.reading() as tx:
            row = runs.get(tx, run)
        assert row is not None
        at = row.last_cursor
        while not ended.wait(NEW_EVERY_S):
            add(database, run, at, 1)
            at += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join()


async def follow(port: int, run: str, asked: argparse.Namespace) -> Seen:
    """All clients at once, for so long."""
    seen, until = Seen(), time.monotonic() + asked.seconds
    answer = await Connection(port).get(f"/runs/{run}", {})
    last = json.loads(answer.body)["last_cursor"]
    pollers = [poll(port, run, last, at, until, seen) for at in range(asked.clients)]
    watchers = [watch(port, run, last, until, seen) for _ in range(asked.watchers)]
    await asyncio.gather(*pollers, *watchers)
    return seen


async def poll(port: int, run: str, cursor: int, number: int, until: float, seen: Seen) -> None:
    """One client: beyond its cursor, once a second, or from the beginning."""
    connection, fresh, tag = Connection(port), number % FRESH == 0, ""
    await asyncio.sleep(EVERY_S * (number % 100) / 100)  # not all at once
    while time.monotonic() < until:
        began = time.perf_counter()
        path = f"/runs/{run}/metrics" if fresh else f"/runs/{run}/metrics?after={cursor}"
        answer = await connection.get(path, {"if-none-match": tag} if tag and not fresh else {})
        took = time.perf_counter() - began
        (seen.fresh if fresh else seen.polls).append(took)
        if answer.status == 200:
            page = json.loads(answer.body)
            seen.wrong += len(page["points"]) > SMALL or (fresh and len(page["points"]) != SMALL)
            tag, cursor = answer.headers["etag"], cursor if fresh else page["next"]
        else:
            seen.wrong += answer.status != 304
        await asyncio.sleep(max(0.0, EVERY_S - took))
    connection.close()


async def watch(port: int, run: str, cursor: int, until: float, seen: Seen) -> None:
    """One watcher of the event stream."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"GET /runs/{run}/metrics HTTP/1.1\r\nhost: o\r\naccept: text/event-stream\r\nlast-event-id: {cursor}\r\n\r\n"
    )
    writer.write(head.encode())
    with_limit = asyncio.timeout(max(0.0, until - time.monotonic()))
    try:
        async with with_limit:
            while line := await reader.readline():
                seen.events += line.startswith(b"event: point")
    except TimeoutError:
        pass
    writer.close()


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """HTTP/1.1 over one connection that is kept; as little work as possible, for it runs on the same cores."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, headers: dict[str, str]) -> Answer:
        """The answer to a GET."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        lines = [f"GET {path} HTTP/1.1", "host: o", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        writer.write("\r\n".join(lines).encode())
        first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        found = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest if line)}
        body = await reader.readexactly(int(found.get("content-length", 0)))
        return Answer(int(first.split()[1]), found, body)

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()


def own_memory(pid: int) -> float:
    """MB of a process' own memory, without mapped files."""
    return int(Path(f"/proc/{pid}/status").read_text().split("RssAnon:")[1].split()[0]) / 1000


@contextmanager
def _fresh_on(server: str) -> Iterator[str]:
    """A database of its own on a server, gone with the block."""
    name = f"octet_polling_{secrets.token_hex(4)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        engine.dispose()


def _database(server: str | None) -> Any:
    return nullcontext(None) if server is None else _fresh_on(server)


if __name__ == "__main__":
    main()
