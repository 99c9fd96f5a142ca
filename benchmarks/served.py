"""A real `octet serve` to measure, with a model to predict with and other clients that go on meanwhile."""

import http.client
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.tether import tethered

PIECE = 1 << 20
BOUNDARY = "octet-benchmark"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
END = f"--{BOUNDARY}--\r\n".encode()


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    """One part of a form."""
    return part_head(name, filename) + content + b"\r\n"


def part_head(name: str, filename: str | None) -> bytes:
    """What stands before a part's content."""
    file = f'; filename="{filename}"' if filename else ""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()


@dataclass
class Others:
    """Seconds that other clients waited for a prediction and for a small upload."""

    predictions: list[float] = field(default_factory=list)
    uploads: list[float] = field(default_factory=list)

    def report(self) -> str:
        """Count, median and 95th percentile of both."""
        said = []
        for name, seconds in (("predict", sorted(self.predictions)), ("upload", sorted(self.uploads))):
            median, p95 = (seconds[int(share * (len(seconds) - 1))] * 1e3 if seconds else 0.0 for share in (0.5, 0.95))
            said.append(f"{name} p50 {median:.0f} ms p95 {p95:.0f} ms (n={len(seconds)})")
        return "    others meanwhile: " + "; ".join(said)


@dataclass
class Served:
    """The service's port and the process id of its API."""

    port: int
    api: int

    def post(self, path: str, body: Iterable[bytes] | bytes, size: int, kind: str) -> Any:
        """The answer to a body that is sent as it is made."""
        return self.ask("POST", path, body, {"content-type": kind, "content-length": str(size)})

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """The JSON of an answer. Raises RuntimeError for a refusal."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=3600)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:500]!r}")
        return json.loads(content) if content else None

    def upload(self, name: str, labels: Path, content: Path, field_name: str = "archive") -> Any:
        """POST /datasets with files streamed from disk."""
        begin = part("name", name.encode()) + part("labels", labels.read_bytes(), "labels.csv")
        begin += part_head(field_name, content.name)

        def body() -> Iterator[bytes]:
            yield begin
            with content.open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece
            yield b"\r\n" + END

        return self.post("/datasets", body(), len(begin) + content.stat().st_size + 2 + len(END), FORM)

    def small_upload(self, name: str) -> Any:
        """A data set of twenty tiny files, two classes."""
        rows = "ID,side\n" + "".join(f"{i},{'lh'[i % 2]}\n" for i in range(20))
        files = b"".join(part("file", bytes([i + 100 * (i % 2)]) * 40, str(i)) for i in range(20))
        body = part("name", name.encode()) + part("labels", rows.encode(), "l.csv") + files + END
        return self.post("/datasets", body, len(body), FORM)

    def remove(self, dataset: str) -> None:
        """DELETE a data set."""
        self.ask("DELETE", f"/datasets/{dataset}")

    def train(self) -> None:
        """A tiny run, to have something to predict with."""
        self.small_upload("first")
        body = json.dumps({"dataset": "first", "target": "side", "plan": {"steps": 8, "batch": 4, "threads": 1}})
        run = self.ask("POST", "/runs", body, {"content-type": "application/json"})["id"]
        while (status := self.ask("GET", f"/runs/{run}")["status"]) != "succeeded":
            assert status in ("queued", "running"), status
            time.sleep(0.2)
        self.ask("POST", "/predict", b"warm")

    @contextmanager
    def others(self) -> Iterator[Others]:
        """Two clients that ask ten predictions a second and a small upload every second, while the block runs."""
        ended, found = threading.Event(), Others()

        def predict() -> None:
            while not ended.wait(0.1):
                began = time.perf_counter()
                self.ask("POST", "/predict", b"some bytes of a file")
                found.predictions.append(time.perf_counter() - began)

        def upload() -> None:
            while not ended.wait(1.0):
                began = time.perf_counter()
                made = self.small_upload(f"other-{time.monotonic_ns()}")
                found.uploads.append(time.perf_counter() - began)
                self.remove(made["id"])

        clients = [threading.Thread(target=work) for work in (predict, upload)]
        for client in clients:
            client.start()
        try:
            yield found
        finally:
            ended.set()
            for client in clients:
                client.join()


@contextmanager
def serve(data: Path) -> Iterator[Served]:
    """`octet serve` on a folder of its own, with a model, ended with the block."""
    octet = Path(sys.executable).with_name("octet")
    log = data.with_name("serve.log")
    with log.open("wb") as out:
        command = tethered([str(octet), "serve", "--port", "0", "--data-dir", str(data)])  # ends with this process
        service = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        while not (ready := re.search(r"serves at http://127\.0\.0\.1:(\d+)", log.read_text())):
            assert service.poll() is None, log.read_text()
            time.sleep(0.1)
        state = json.loads((data / "serve.json").read_text())
        served = Served(int(ready.group(1)), state["processes"]["api"])
        served.train()
        yield served
    finally:
        service.terminate()
        service.wait(60)
