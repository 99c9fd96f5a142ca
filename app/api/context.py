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
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the application is told to end; streams without an end of their own watch it."""

    def refuse_when_stopping(self) -> None:
        """Raises Stopping when the application was told to end: what takes long asks this again and again."""
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
