"""What a route can reach: the parts, serving and telemetry of the application that it runs in."""

import threading
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from app.errors import Busy, Example
from app.parts import Parts
from app.serving.serving import Serving
from app.telemetry import Telemetry


class Stopping(Busy):
    """The service was told to stop while the request was read or carried out; nothing was stored."""

    rule = "stopping"
    title = "The service is being stopped"
    mend = "Wait until the service is back (GET /health/ready), and send the request again."
    example = Example("the service is being stopped, nothing was stored; send it again once it is back")


@dataclass(frozen=True, slots=True)
class Context:
    """Put into `app.state.context` by create_app."""

    parts: Parts
    serving: Serving
    telemetry: Telemetry
    leaving: threading.Event = field(default_factory=threading.Event)
    """Set when this process is told to end, or a successor serves on its socket: its answers close their connections,
    so that no client sends a request into one that is closed at that moment, and streams of events break off."""
    unready: threading.Event = field(default_factory=threading.Event)
    """Set when this process is told to end: GET /health/ready says so, and proxies send their requests elsewhere."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when it ends now, after OCTET_DRAIN_S: what takes long is refused."""

    def refuse_when_stopping(self) -> None:
        """Raises Stopping when the application ends now: what takes long asks this again and again."""
        if self.stopping.is_set():
            raise Stopping("the service is being stopped, nothing was stored; send it again once it is back", 5.0)


def context_of(request: Request) -> Context:
    """The context of the application that answers."""
    context: Context = request.app.state.context
    return context


async def _parts(request: Request) -> Parts:  # async: a plain function would cost a hop to a thread
    return context_of(request).parts


PartsOf = Annotated[Parts, Depends(_parts)]
"""Parameter type of a route that calls use cases."""
