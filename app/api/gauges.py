"""What Prometheus reads at the moment it asks: jobs, messages, leases, heartbeats, disk, and how busy serving is."""

import logging
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from typing import get_args, get_type_hints

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from app.broker import Queue
from app.parts import Parts
from app.services.disk import disks
from app.services.jobs.pulse import JobsPulse, pulse
from app.services.jobs.reaper import ReapAction
from app.serving.serving import Serving

ACTIONS: tuple[str, ...] = get_args(get_type_hints(ReapAction)["action"])
"""What a reaper may do with a job; each has its line from the first scrape on, so that a rate can be taken."""

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
        database = self._parts.settings.database_url.partition(":")[0].partition("+")[0]
        yield InfoMetricFamily("octet_app", "What runs here.", {"version": version("octet"), "database": database})
        up = GaugeMetricFamily("octet_up", "Whether a part answers.", labels=["part"])
        for part, read in (("database", self._jobs), ("broker", self._queue), ("disk", self._disks)):
            try:
                yield from list(read())
                up.add_metric([part], 1)
            except Exception as error:  # whatever a driver raises: the other lines must still be readable
                log.warning("%s does not answer: %s", part, error)
                up.add_metric([part], 0)
        yield up
        yield from self._serving_now()

    def _jobs(self) -> Iterable[Metric]:
        now = pulse(self._parts)
        for name, text, queue in (
            ("octet_runs", "Runs by state.", Queue.RUNS),
            ("octet_prediction_jobs", "Predictions over data sets by state.", Queue.PREDICTIONS),
        ):
            yield labelled(name, text, "status", now.jobs[queue].by_status)
        shown: tuple[tuple[str, str, Callable[[JobsPulse], float]], ...] = (
            ("octet_leases", "Jobs that a worker holds.", lambda jobs: jobs.leases),
            (
                "octet_heartbeat_age_seconds",
                "Since the oldest heartbeat of a lease that is held; 0 when none is.",
                lambda jobs: jobs.heartbeat_age_s,
            ),
            ("octet_queue_wait_seconds", "How long the oldest queued job has waited.", lambda jobs: jobs.wait_s),
        )
        for name, text, value in shown:
            yield labelled(name, text, "queue", {queue: value(jobs) for queue, jobs in now.jobs.items()})
        yield labelled("octet_attempts", "Attempts at runs by the reason that ended them.", "reason", now.attempts)
        reaped = CounterMetricFamily(
            "octet_reaper_actions", "What reapers did, in all processes.", labels=["queue", "action"]
        )
        for labels in ((queue, action) for queue in Queue for action in ACTIONS):
            reaped.add_metric(labels, now.reaped.get(labels, 0))
        yield reaped

    def _queue(self) -> list[Metric]:
        depths = {queue: self._parts.broker.depth(queue) for queue in Queue}
        return [labelled("octet_queue_messages", "Messages no worker took yet.", "queue", depths)]

    def _disks(self) -> list[Metric]:
        free: dict[str, float] = {disk.place: disk.free_bytes for disk in disks(self._parts.settings)}
        reserve = self._parts.settings.limits.disk_reserve_bytes
        kept = "Uploads are refused with less room than this; a warning comes at twice as much."
        return [
            labelled("octet_disk_free_bytes", "Room on the disks that are written to.", "place", free),
            GaugeMetricFamily("octet_disk_reserve_bytes", kept, value=reserve),
        ]

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


def labelled(
    name: str, text: str, label: str, values: Mapping[Queue, float] | Mapping[str, float]
) -> GaugeMetricFamily:
    """A gauge with a line for each value of its one label."""
    gauge = GaugeMetricFamily(name, text, labels=[label])
    for of, value in values.items():
        gauge.add_metric([of], value)
    return gauge
