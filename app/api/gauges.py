"""What Prometheus reads at the moment it asks: runs by state, messages, leases, and how busy serving is."""

import logging
from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.broker import Queue
from app.parts import Parts
from app.services.disk import disks
from app.services.jobs.states import Status
from app.services.predictions.read import count_by_status as count_predictions
from app.services.runs.read import count_by_status
from app.serving.serving import Serving

log = logging.getLogger(__name__)


class Gauges(Collector):
    """Reads the parts anew at every scrape. A part that does not answer leaves its lines out and sets octet_up to 0."""

    def __init__(self, parts: Parts, serving: Serving) -> None:
        self._parts = parts
        self._serving = serving

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not ask the database."""
        return []

    def collect(self) -> Iterable[Metric]:
        """All gauges as they stand now."""
        up = GaugeMetricFamily("octet_up", "Whether a part answers.", labels=["part"])
        for part, read in (("database", self._runs), ("broker", self._queue), ("disk", self._disks)):
            try:
                yield from read()
                up.add_metric([part], 1)
            except Exception as error:  # whatever a driver raises: the other lines must still be readable
                log.warning("%s does not answer: %s", part, error)
                up.add_metric([part], 0)
        yield up
        yield from self._serving_now()

    def _runs(self) -> list[Metric]:
        counts = count_by_status(self._parts)
        runs = GaugeMetricFamily("octet_runs", "Runs by state.", labels=["status"])
        for status in Status:
            runs.add_metric([status], counts.get(status, 0))
        jobs = GaugeMetricFamily("octet_prediction_jobs", "Predictions over data sets by state.", labels=["status"])
        predictions = count_predictions(self._parts)
        for status in Status:
            jobs.add_metric([status], predictions.get(status, 0))
        held = (Status.RUNNING, Status.CANCELLING)
        leased = sum(found.get(status, 0) for found in (counts, predictions) for status in held)
        return [runs, jobs, GaugeMetricFamily("octet_leases", "Jobs that a worker holds.", value=leased)]

    def _queue(self) -> list[Metric]:
        messages = GaugeMetricFamily("octet_queue_messages", "Messages no worker took yet.", labels=["queue"])
        for queue in Queue:
            messages.add_metric([queue], self._parts.broker.depth(queue))
        return [messages]

    def _disks(self) -> list[Metric]:
        free = GaugeMetricFamily("octet_disk_free_bytes", "Room on the disks that are written to.", labels=["place"])
        for disk in disks(self._parts.settings):
            free.add_metric([disk.place], disk.free_bytes)
        reserve = self._parts.settings.limits.disk_reserve_bytes
        kept = "Uploads are refused with less room than this; a warning comes at twice as much."
        return [free, GaugeMetricFamily("octet_disk_reserve_bytes", kept, value=reserve)]

    def _serving_now(self) -> list[Metric]:
        now = self._serving.busyness()
        shown = {
            "waiting_requests": ("Predictions that wait for the engine, in requests.", now.waiting_requests),
            "waiting_files": ("Predictions that wait for the engine, in files.", now.waiting_files),
            "seconds_per_file": ("Measured time of one file.", now.seconds_per_file),
            "models": ("Models in memory.", now.models),
            "model_bytes": ("Checkpoint files behind the models in memory.", now.model_bytes),
            "started": ("1 when the learning machine is imported.", int(now.started)),
        }
        return [GaugeMetricFamily(f"octet_serving_{name}", text, value=value) for name, (text, value) in shown.items()]
