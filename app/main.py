"""The HTTP application: routes, problems, background duties, put together around opened parts."""

import logging
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from types import FrameType

import anyio.to_thread
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from app.api import curves, datasets, metrics, openapi, predict, predictions, registry, runs, said, system
from app.api.context import Context
from app.api.gauges import Gauges
from app.api.observe import Observe
from app.api.problems import handle_problems
from app.parts import Parts, open_parts
from app.services.datasets.incoming import remove_stale
from app.services.jobs.reaper import reap_until
from app.serving.serving import Serving
from app.settings import Settings
from app.telemetry import Telemetry, log_to_stderr
from app.upkeep import Upkeep
from models.threads import wait_without_spinning

log = logging.getLogger(__name__)

DESCRIPTION = (
    "Upload files with labels, submit a run, follow its points, predict with its best checkpoint, also while it still "
    "trains. Every error is an RFC 9457 problem whose `type` is a page of this service. Every route that takes GET "
    "answers HEAD; OPTIONS answers 204 with the methods of a path in Allow."
)
ROUTERS = tuple(room.router for room in (datasets, said, runs, metrics, curves, predictions, registry, system))


def create_app(parts: Parts, *, owns_parts: bool = False) -> FastAPI:
    """The application over these parts; while it runs it also reaps and serves, and closes parts that it owns."""
    telemetry = Telemetry()
    serving = Serving(parts, telemetry.computed)
    telemetry.registry.register(Gauges(parts, serving))
    context = Context(parts, serving, telemetry)
    app = FastAPIOffline(
        redoc_url=None,
        static_url="/docs/static",
        title="Octet",
        version=version("octet"),
        summary="Train transformers on raw bytes, and serve them.",
        description=DESCRIPTION,
        lifespan=lambda _: _running(context, owns_parts),
        redirect_slashes=False,
    )
    app.state.context = context
    # One flat list, the hot route first: included routers would be matched one inside the other.
    app.router.routes += [predict.route, *(route for router in ROUTERS for route in router.routes)]
    app.add_middleware(Observe, context=context)
    handle_problems(app)
    openapi.describe(app)
    return app


def app_from_environment() -> FastAPI:
    """What `uvicorn app.main:app_from_environment --factory` serves: parts as the environment says, closed at the end.

    The tables must be up to date (`octet migrate`); until they are, the service is not ready.
    """
    wait_without_spinning()
    log_to_stderr()
    return create_app(open_parts(Settings()), owns_parts=True)


@asynccontextmanager
async def _running(context: Context, owns_parts: bool) -> AsyncIterator[None]:
    parts, serving, stopping = context.parts, context.serving, context.stopping
    reaper = threading.Thread(target=reap_until, args=(stopping, parts), name="octet-reaper", daemon=True)
    upkeep = threading.Thread(target=Upkeep(parts, stopping).run, name="octet-upkeep", daemon=True)
    await anyio.to_thread.run_sync(remove_stale, parts.settings.incoming_dir)
    serving.start()
    reaper.start()
    upkeep.start()
    try:
        with _heard_signals(context):
            yield
    finally:
        context.leaving.set()
        stopping.set()
        await anyio.to_thread.run_sync(serving.stop)
        await anyio.to_thread.run_sync(reaper.join)
        await anyio.to_thread.run_sync(upkeep.join)
        if owns_parts:
            parts.close()


@contextmanager
def _heard_signals(context: Context) -> Iterator[None]:
    """Hear signals before the server does, which ends the lifespan only after its open responses.

    SIGTERM and SIGINT: leave, and end after OCTET_DRAIN_S (a second one: at once). SIGHUP, where the server has a
    meaning for it: a successor serves on the same socket, so leave, but stay ready for who is still connected.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    servers = {number: handler for number, handler in known.items() if callable(handler)}
    drain_s = context.parts.settings.http.drain_s

    def end(number: int, frame: FrameType | None) -> None:
        context.stopping.set()
        servers[signal.Signals(number)](number, frame)

    def hear(number: int, frame: FrameType | None) -> None:
        context.leaving.set()
        if number == signal.SIGHUP:
            servers[signal.SIGHUP](number, frame)
        elif drain_s > 0 and not context.unready.is_set():
            context.unready.set()
            later = threading.Timer(drain_s, end, (number, None))
            later.daemon = True
            later.start()
        else:
            context.unready.set()
            end(number, frame)

    for number in servers:
        signal.signal(number, hear)
    try:
        yield
    finally:
        for number, handler in servers.items():
            signal.signal(number, handler)
