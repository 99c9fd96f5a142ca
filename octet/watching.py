"""Following a run to its end by polling with a cursor: nothing twice or lost, also when the service restarts."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from octet.errors import Refused, Unreachable
from octet.objects import Point, Run

PAGE = 1000


class Service(Protocol):
    """What following asks of a service; the client is one."""

    def run(self, run_id: str) -> Run:
        """One run as it stands. Raises Unreachable and Refused."""

    def get_json(self, path: str, **params: str | int) -> Any:
        """The JSON at a path. Raises Unreachable and Refused."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The run as it stands and the points that are new since the last look. `lost`: the service does not answer now."""

    run: Run
    points: list[Point] = field(default_factory=list)
    lost: bool = False


def follow(service: Service, run_id: str, after: int, every_s: float, patience_s: float) -> Iterator[Seen]:
    """A look every `every_s` seconds until the run has ended and its last point is seen.

    A service that goes away is waited for; raises Unreachable when it stays away longer than `patience_s`, and Refused
    when the run is unknown.
    """
    answered = time.monotonic()
    run: Run | None = None
    while True:
        began = time.monotonic()
        try:
            run = service.run(run_id)  # before its points: once it has ended, they are all there
            for page in pages(service, run_id, after):
                after = page[-1].cursor
                yield Seen(run, page)
            answered = time.monotonic()
            yield Seen(run)
            if run.ended:
                return
        except (Unreachable, Refused) as error:
            passing = isinstance(error, Unreachable) or error.status in {502, 503, 504}
            if run is None or not passing or time.monotonic() - answered > patience_s:
                raise
            yield Seen(run, lost=True)
        time.sleep(max(0.0, every_s - (time.monotonic() - began)))


def pages(service: Service, run_id: str, after: int, **filters: str) -> Iterator[list[Point]]:
    """All points after a cursor, page by page; no page is empty."""
    while True:
        answer = service.get_json(f"/runs/{quote(run_id, safe='')}/metrics", after=after, limit=PAGE, **filters)
        points = [Point.model_validate(point) for point in answer["points"]]
        if not points:
            return
        yield points
        if answer["next"] <= after or len(points) < PAGE:
            return
        after = answer["next"]
