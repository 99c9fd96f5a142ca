"""How predictions answer while a run trains on the same cores, and how much the training slows by them.

    .venv/bin/python -m benchmarks.beside [--files 2000] [--bytes 2000] [--rate 10] [--seconds 60]

Starts `octet serve` as it comes, uploads files of bytes with a pattern, trains a small run of the short form to predict
with, and asks for --rate predictions a second, one after the other: first of the idle service, then while a longer run
trains. That run's steps a second are measured without and with the predictions, in turn, --rounds times. Linux.
"""

import argparse
import json
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.served import END, FORM, Served, part, serve

LONG = 10_000_000
"""Steps that no round ends."""
START_S = 600.0
BATCH = 8
"""Small, so that steps are short beside the second within which the service tells how far a run is."""
PREDICTING = {"steps": 50, "batch": 16}


@dataclass
class Answers:
    """Seconds that predictions took."""

    took: list[float] = field(default_factory=list)

    def said(self) -> str:
        """Count and percentiles."""
        took = sorted(self.took)
        shares = (took[min(len(took) - 1, len(took) * percent // 100)] * 1e3 for percent in (50, 95, 99))
        p50, p95, p99 = shares
        return f"p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  p99 {p99:6.1f} ms  (n={len(took)})"


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--bytes", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=10.0, help="predictions a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each measurement; short ones are coarse")
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder) / "data") as served:
        contents = made(asked.files, asked.bytes)
        upload(served, contents)
        ready = submit(served, PREDICTING)
        wait_until_ended(served, ready)
        bodies = contents[:50]
        served.ask("POST", f"/predict?run={ready}", bodies[0])  # the model is loaded
        idle = measured(served, ready, bodies, asked)
        print(f"idle service:            {idle.said()}")
        run = submit(served, {"steps": LONG, "batch": BATCH})
        wait_for_steps(served, run)
        alone, loaded = [], []
        for _ in range(asked.rounds):
            began, first = time.monotonic(), step_of(served, run)
            time.sleep(asked.seconds)
            alone.append((step_of(served, run) - first) / (time.monotonic() - began))
            began, first = time.monotonic(), step_of(served, run)
            beside = measured(served, ready, bodies, asked)
            loaded.append((step_of(served, run) - first) / (time.monotonic() - began))
            print(f"beside a training:       {beside.said()}")
        served.ask("POST", f"/runs/{run}/cancel")
        plan = served.ask("GET", f"/runs/{run}")["plan"]
        report(alone, loaded, plan["threads"], asked.rate)


def report(alone: list[float], loaded: list[float], threads: int, rate: float) -> None:
    """The training's side."""
    mean_alone, mean_loaded = sum(alone) / len(alone), sum(loaded) / len(loaded)
    both = [", ".join(f"{steps:.2f}" for steps in rounds) for rounds in (alone, loaded)]
    print(f"training, {threads} threads: {both[0]} steps/s alone; {both[1]} with {rate:g} predictions a second")
    print(f"the training slows by {100 * (1 - mean_loaded / mean_alone):.0f} %")


def made(files: int, size: int) -> list[bytes]:
    """Files of two kinds that a model has to look at: the same bytes, in runs that are short or long."""
    draw = random.Random(1)
    found = []
    for at in range(files):
        longest = (4, 9)[at % 2]
        body = bytearray()
        while len(body) < size:
            body += bytes([draw.randrange(256)]) * draw.randint(1, longest)
        found.append(bytes(body[:size]))
    return found


def upload(served: Served, contents: list[bytes]) -> None:
    """The data set `beside`."""
    rows = "ID,kind\n" + "".join(f"{at},{('short', 'long')[at % 2]}\n" for at in range(len(contents)))
    files = b"".join(part("file", body, str(at)) for at, body in enumerate(contents))
    body = part("name", b"beside") + part("labels", rows.encode(), "l.csv") + files + END
    served.post("/datasets", body, len(body), FORM)


def submit(served: Served, plan: dict[str, int]) -> str:
    """A run of the short form; its id."""
    body = json.dumps({"dataset": "beside", "target": "kind", "plan": plan})
    return str(served.ask("POST", "/runs", body, {"content-type": "application/json"})["id"])


def step_of(served: Served, run: str) -> int:
    """How far a run is, to the second."""
    return int(served.ask("GET", f"/runs/{run}")["progress"]["step"])


def wait_until_ended(served: Served, run: str) -> None:
    """Returns when a run has succeeded."""
    until = time.monotonic() + START_S
    while (status := served.ask("GET", f"/runs/{run}")["status"]) != "succeeded":
        assert status in ("queued", "running"), status
        assert time.monotonic() < until, "the run to predict with took too long"
        time.sleep(0.5)


def wait_for_steps(served: Served, run: str) -> None:
    """Returns when the plan is made, what is fitted first is fitted, and steps follow each other."""
    until = time.monotonic() + START_S
    while step_of(served, run) < 5:
        assert time.monotonic() < until, "the training did not begin"
        time.sleep(0.5)


def measured(served: Served, run: str, bodies: list[bytes], asked: argparse.Namespace) -> Answers:
    """Predictions at a steady rate, for so long."""
    with predictions(served, run, bodies, asked.rate) as answers:
        time.sleep(asked.seconds)
    return answers


@contextmanager
def predictions(served: Served, run: str, bodies: list[bytes], rate: float) -> Iterator[Answers]:
    """One client, one question after the other, due at a steady pace, while the block runs."""
    ended, answers = threading.Event(), Answers()

    def ask() -> None:
        due = time.perf_counter()
        for number in range(LONG):
            due = max(due + 1 / rate, time.perf_counter())
            if ended.wait(max(0.0, due - time.perf_counter())):
                return
            began = time.perf_counter()
            served.ask("POST", f"/predict?run={run}", bodies[number % len(bodies)])
            answers.took.append(time.perf_counter() - began)

    client = threading.Thread(target=ask)
    client.start()
    try:
        yield answers
    finally:
        ended.set()
        client.join()


if __name__ == "__main__":
    main()
