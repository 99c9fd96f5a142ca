"""Which checkpoint answers for a run or a name: asked of the database at most once a second, however many predict."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import anyio.to_thread

from app.services.registry import Servable

FRESH_S = 1.0
"""A live run's newer checkpoint, or a promotion, is seen at the latest after this."""
MOST = 1024
"""Names remembered at most."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client named: a run (and one checkpoint of it, by its step), a model, or nothing."""

    run: str | None = None
    model: str | None = None
    checkpoint: int | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    servable: Servable
    until: float


class Servables:
    """What answers at present; used on one event loop."""

    def __init__(self, resolve: Callable[[Wanted], Servable]) -> None:
        self._resolve = resolve
        self._known: dict[Wanted, _Known] = {}
        self._asking: dict[Wanted, asyncio.Task[Servable]] = {}

    async def find(self, wanted: Wanted) -> Servable:
        """The checkpoint to answer with. Raises what `resolve` raises, which is asked in a thread."""
        known = self._known.get(wanted)
        if known and known.until > time.monotonic():
            return known.servable
        if wanted not in self._asking:
            self._asking[wanted] = asyncio.create_task(self._ask(wanted))
        return await asyncio.shield(self._asking[wanted])

    def forget(self, wanted: Wanted) -> None:
        """The checkpoint is gone: ask anew next time."""
        self._known.pop(wanted, None)

    async def _ask(self, wanted: Wanted) -> Servable:
        try:
            servable = await anyio.to_thread.run_sync(self._resolve, wanted)
        finally:
            del self._asking[wanted]
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[wanted] = _Known(servable, time.monotonic() + FRESH_S)
        return servable
