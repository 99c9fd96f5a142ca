"""What an operator sees of a process: structured log lines, and the numbers that Prometheus reads."""

import logging
import sys
from datetime import UTC, datetime

import orjson
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from app.tracing import line_fields

LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
BATCH_FILES = (1, 2, 4, 8, 16, 32, 64, 128)
THEIR_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "celery", "kombu", "py.warnings")
"""Loggers of libraries that come with handlers of their own; their lines go through ours."""


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, whatever `extra={"fields": {...}}` adds, and its origin.

    The origin (trace_id, span_id, request_id, run, attempt) is that of the context which the line is written in.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line of JSON; a traceback goes into `exception`."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **line_fields(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def log_to_stderr(level: str = "INFO") -> None:
    """Send every log record of this process to standard error as JSON lines; called once, by a process's entry."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in THEIR_LOGGERS:
        theirs = logging.getLogger(name)
        theirs.handlers.clear()
        theirs.propagate = True
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)  # octet.http says more of each request
    logging.getLogger("celery").setLevel(logging.WARNING)  # the worker says itself what it takes and how it ends


class Telemetry:
    """The counters of one application, in a registry of its own: two applications in a process never mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory, open files, CPU time of this process
        self.requests = Counter(
            "octet_http_requests", "HTTP requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.latency = Histogram(
            "octet_http_request_seconds",
            "From the request's first byte to the answer's last.",
            ["method", "route"],
            buckets=LATENCY_S,
            registry=self.registry,
        )
        self.predictions = Counter(
            "octet_predictions", "Files predicted, by form of the request.", ["form"], registry=self.registry
        )
        self.batch_files = Histogram(
            "octet_prediction_batch_files", "Files in a batch.", buckets=BATCH_FILES, registry=self.registry
        )
        self.batch_seconds = Histogram(
            "octet_prediction_batch_seconds", "Time of a batch.", buckets=LATENCY_S, registry=self.registry
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one HTTP answer under its route's template, never under the path that the client wrote."""
        self.requests.labels(method, route, str(status)).inc()
        self.latency.labels(method, route).observe(seconds)

    def computed(self, files: int, seconds: float) -> None:
        """Count one batch of predictions."""
        self.batch_files.observe(files)
        self.batch_seconds.observe(seconds)
