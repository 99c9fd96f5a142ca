"""Serving as the routes use it: find the model, see that there is room, compute."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from app.errors import Busy, Conflict, Example
from app.parts import Parts
from app.services import registry
from app.services.registry import Servable
from app.serving.busyness import Busyness
from app.serving.cache import ModelCache
from app.serving.engine import Answers, Engine, Observe
from app.serving.model import Model
from app.serving.servables import Servables, Wanted

log = logging.getLogger(__name__)

REPLACED_TRIES = 3
"""A live run may replace its best checkpoint between our look and our load; so often we look again."""


class QueueFull(Busy):
    """More predictions wait than the queue takes."""

    rule = "queue-full"
    title = "The queue of predictions is full"
    mend = (
        "Send the same request again after the seconds of the header Retry-After, computed from the measured time"
        " of a file."
    )
    example = Example("256 requests with 300 files wait; come back in 2 s")


class CheckpointReplaced(Conflict):
    """The run's checkpoint was replaced each time it was about to be loaded, or its file is gone."""

    rule = "checkpoint-replaced"
    title = "The checkpoint is gone"
    mend = "Send the request again; when it comes again, the run's files are gone from the storage."
    example = Example("run 2f6c0d9e4b7a1853 has no file for its checkpoint of step 10; try again")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory and the checkpoint it came from; it stays usable whatever the cache drops."""

    servable: Servable
    model: Model


class Serving:
    """Models, engine and queue of one process; used on one event loop."""

    def __init__(self, parts: Parts, observe: Observe) -> None:
        self._storage = parts.storage
        self._settings = parts.settings
        self._servables = Servables(lambda wanted: registry.resolve(parts, wanted.run, wanted.model, wanted.checkpoint))
        self._loader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="octet-loader")
        self._cache = ModelCache(self._loader, self._load_model, most_bytes=parts.settings.serving.model_cache_bytes)
        self._engine = Engine(batch_files=parts.settings.serving.predict_batch, observe=observe)
        self._machine: Future[Callable[[Path], Model]] | None = None

    def start(self) -> None:
        """Begin to serve; the learning machine is imported in the background, so that the process is up at once."""
        self._machine = self._loader.submit(_import_machine, self._settings.serving.predict_threads)
        self._engine.start()

    def stop(self) -> None:
        """Finish what is being computed, drop what waits."""
        self._engine.stop()
        self._loader.shutdown(wait=True, cancel_futures=True)

    def busyness(self) -> Busyness:
        """How busy it is right now."""
        waiting_requests, waiting_files = self._engine.waiting()
        models, model_bytes = self._cache.size()
        return Busyness(
            waiting_requests=waiting_requests,
            waiting_files=waiting_files,
            limit_requests=self._settings.serving.predict_queue,
            limit_files=self._settings.limits.max_items,
            seconds_per_file=self._engine.seconds_per_file,
            models=models,
            model_bytes=model_bytes,
            started=self._machine is not None and self._machine.done(),
        )

    def admit(self) -> None:
        """Raises QueueFull, with the measured time to come back, when nothing more is taken."""
        now = self.busyness()
        if now.full:
            raise QueueFull(
                f"{now.waiting_requests} requests with {now.waiting_files} files wait; come back in "
                f"{now.retry_after_s} s",
                now.retry_after_s,
            )

    async def find(self, wanted: Wanted) -> Loaded:
        """The model that answers for a run or a name.

        Raises NotFound and Conflict as app.services.registry.resolve does, CheckpointReplaced.
        """
        for _ in range(REPLACED_TRIES):
            servable = await self._servables.find(wanted)
            path = self._storage.local(servable.key)
            try:
                loading = self._cache.get(servable.digest, path)
                # shielded: who stops waiting must not cancel a load that others wait for
                model = loading.result() if loading.done() else await asyncio.shield(asyncio.wrap_future(loading))
                return Loaded(servable, model)
            except Exception:
                if path.exists():
                    raise
                self._servables.forget(wanted)
        raise CheckpointReplaced(
            f"run {servable.run_id} has no file for its checkpoint of step {servable.step}; try again"
        )

    async def predict(self, loaded: Loaded, files: Sequence[bytes | memoryview]) -> Answers:
        """One answer per file, or the exception in its place. Cancelled, it leaves the queue. Raises QueueFull."""
        self.admit()
        return await asyncio.wrap_future(self._engine.submit(loaded.model, files))

    def _load_model(self, path: Path) -> Model:
        assert self._machine is not None, "start() comes first"
        return self._machine.result()(path)


def _import_machine(threads: int) -> Callable[[Path], Model]:
    """Import torch and all (seconds); what comes back loads a checkpoint."""
    import torch

    from models.inference.predictor import Predictor

    if threads:
        torch.set_num_threads(threads)
    log.info("the learning machine is ready", extra={"fields": {"threads": torch.get_num_threads()}})
    return Predictor.load
