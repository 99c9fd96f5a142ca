"""The HTTP application: routes, problems, background duties, put together around opened parts."""

import logging
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import anyio.to_thread
from fastapi import FastAPI

from app.api import curves, datasets, metrics, openapi, predict, registry, runs, system
from app.api.context import Context
from app.api.gauges import Gauges
from app.api.observe import Observe
from app.api.problems import handle_problems
from app.api.upload import remove_stale
from app.parts import Parts, open_parts
from app.services.runs.reaper import reap
from app.serving.serving import Serving
from app.settings import Settings
from app.telemetry import Telemetry, log_to_stderr

log = logging.getLogger(__name__)

ROUTERS = (datasets.router, runs.router, metrics.router, curves.router, registry.router, system.router)


def create_app(parts: Parts, *, owns_parts: bool = False) -> FastAPI:
    """The application over these parts; while it runs it also reaps and serves, and closes parts that it owns."""
    telemetry = Telemetry()
    serving = Serving(parts, telemetry.computed)
    telemetry.registry.register(Gauges(parts, serving))
    app = FastAPI(
        title="Octet",
        version=version("octet"),
        summary="Train transformers on raw bytes, and serve them.",
        lifespan=lambda _: _running(parts, serving, owns_parts),
        redirect_slashes=False,
    )
    app.state.context = Context(parts, serving, telemetry)
    # One flat list, the hot route first: included routers would be matched one inside the other.
    app.router.routes += [predict.route, *(route for router in ROUTERS for route in router.routes)]
    app.add_middleware(Observe, telemetry=telemetry)
    handle_problems(app)
    openapi.describe(app)
    return app


def app_from_environment() -> FastAPI:
    """What `uvicorn app.main:app_from_environment --factory` serves: parts as the environment says, closed at the end.

    OCTET_MIGRATE=1 brings the tables up to date first; `octet serve` does that by itself.
    """
    log_to_stderr()
    parts = open_parts(Settings())
    if os.environ.get("OCTET_MIGRATE"):
        parts.db.migrate()
    return create_app(parts, owns_parts=True)


@asynccontextmanager
async def _running(parts: Parts, serving: Serving, owns_parts: bool) -> AsyncIterator[None]:
    stopping = threading.Event()
    reaper = threading.Thread(target=_reap, args=(parts, stopping), name="octet-reaper", daemon=True)
    await anyio.to_thread.run_sync(remove_stale, parts.settings.incoming_dir)
    serving.start()
    reaper.start()
    try:
        yield
    finally:
        stopping.set()
        await anyio.to_thread.run_sync(serving.stop)
        await anyio.to_thread.run_sync(reaper.join)
        if owns_parts:
            parts.close()


def _reap(parts: Parts, stopping: threading.Event) -> None:
    """Look every reaper_s seconds; a failure (the database away) is logged and tried again."""
    while not stopping.wait(parts.settings.clocks.reaper_s):
        try:
            for action in reap(parts):
                log.info("reaped", extra={"fields": {"run": action.run_id, "action": action.action}})
        except Exception:
            log.exception("the reaper failed; it looks again")
