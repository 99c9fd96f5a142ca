"""Kills at random over mixed runs, and what became of each: `make chaos`, or `python -m tests.faults.chaos --kills N`.

A served Octet gets several runs at a time, of both kinds of model. The dice of a seed name what is killed with -9, one
after the other, and how long after its first sign of life. At the end every run is compared with its twin: the same
plan on the same service before the first kill. The exit code is 0 when nothing was lost, doubled, wrong or unequal.

With --database-url and --redis-url it runs on a fresh database and on keys of its own there; that Redis is not killed.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from octet import Client, Run
from octet.errors import Refused, Unreachable
from tests.faults.trial import BODY, End, end_at, upload, weights_of
from tests.support.service import Kind, Service, serving

KINDS: tuple[Kind, ...] = ("training", "pool", "worker", "api", "broker")
CLOCKS = {
    "OCTET_HEARTBEAT_S": "1",
    "OCTET_LEASE_S": "4",
    "OCTET_REAPER_S": "0.5",
    "OCTET_ANNOUNCE_S": "1",
    "OCTET_RESUME_SAVE_S": "1",  # so that runs of seconds are resumed in their middle, too
    "OCTET_MAX_ATTEMPTS": "1000",  # nobody else is killed so often before it saves anything
}
AT_ONCE = 3
LONGEST_DELAY_S = 12.0
PATIENCE_S = 240.0
LOOK_S = 0.25

T = TypeVar("T")


def _sequence_default(seed: int, steps: int) -> dict[str, Any]:
    return {
        "globals": {
            "basic_experiment": {"valid_size": 12, "seed": seed},
            "evaluation_checkpoint": {"sample_interval": 50, "checkpoint_interval": 100},
        },
        "input": {
            "input_info": {"input_source": "trial", "input_name": "in", "input_type": "bytes"},
            "input_type_info": {"max_length": 128},
            "model_config": {"window_size": 32, "embedding_dim": 32},
        },
        "output": {
            "output_info": {"output_source": "trial", "output_name": "out", "output_type": "tabular"},
            "output_type_info": {"target_cat_columns": ["side"]},
        },
        "plan": {"steps": steps, "batch": 8, "threads": 1},
    }


PLANS: dict[str, dict[str, Any]] = {
    "octet": BODY | {"plan": {"steps": 100, "batch": 8, "threads": 1}},
    "sequence-default": _sequence_default(seed=0, steps=300),
    "octet, seed 5": BODY | {"seed": 5, "plan": {"steps": 60, "batch": 8, "threads": 1}},
    "sequence-default, seed 5": _sequence_default(seed=5, steps=200),
}


@dataclass(frozen=True)
class Submitted:
    """A run, and the name of its plan."""

    id: str
    plan: str

    @property
    def steps(self) -> int:
        """Its last step."""
        return int(PLANS[self.plan]["plan"]["steps"])


@dataclass
class Loss:
    """What one kill cost: seconds until `made_up` holds, None as long as it does not.

    A run is made up for once it stands again where it stood; what is killed meanwhile counts, too.
    """

    kind: Kind
    at: float
    made_up: Callable[[], bool]
    seconds: float | None = None


@dataclass
class Found:
    """What is wrong with the runs at their end; nothing, if all is well."""

    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    unequal: int = 0
    attempts: Counter[str] = field(default_factory=Counter)
    resumed: int = 0

    @property
    def well(self) -> bool:
        """Whether no run shows that anything was killed."""
        return not (self.lost or self.doubled or self.wrong or self.unequal)


class Chaos:
    """One service under fire."""

    def __init__(self, service: Service, client: Client, kinds: Sequence[Kind], draw: random.Random) -> None:
        self._service, self._client, self._draw = service, client, draw
        self._kinds = kinds
        self._going: dict[str, Run] = {}  # as it was seen last
        self.runs: list[Submitted] = []
        self.losses: list[Loss] = []

    def twins(self) -> dict[str, End]:
        """How each plan ends undisturbed."""
        ids = {name: self._client.submit(body).id for name, body in PLANS.items()}
        return {name: end_at(self._client, ids[name], Submitted("", name).steps) for name in PLANS}

    def kill(self, kills: int) -> None:
        """Kill so many processes while runs are there, and then let all runs end."""
        while len(self.losses) < kills:
            kind = self._draw.choice(self._kinds)
            delay_s = self._draw.uniform(0.0, LONGEST_DELAY_S)
            self._look_until(lambda kind=kind: self._service.find(kind) is not None, f"a sign of life of the {kind}")
            due = time.monotonic() + delay_s
            self._look_until(lambda due=due: time.monotonic() >= due, "the dice's delay")
            if self._kill(kind):  # else it has ended meanwhile: the dice fall again
                print(f"kill {len(self.losses)} of {kills}: {kind}", file=sys.stderr, flush=True)
        self._look_until(lambda: not self._going, "the end of every run", submit=False, patience_s=10 * PATIENCE_S)
        self._look_until(lambda: all(loss.seconds is not None for loss in self.losses), "all being made up for")

    def _kill(self, kind: Kind) -> bool:
        """Whether there was such a process to kill."""
        running = next((run for run in self._going.values() if run.status == "running"), None)
        made_up = self._client.ready
        if kind in ("training", "pool", "worker") and running is not None:
            made_up = self._is_again_at(running.id, running.attempt, running.progress.step)
        loss, process = Loss(kind, time.monotonic(), made_up), self._service.find(kind)
        if process is None:
            return False
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.losses.append(loss)
        return True

    def _is_again_at(self, run_id: str, attempt: int, step: int) -> Callable[[], bool]:
        def made_up() -> bool:
            run = self._going.get(run_id)
            return run is None or (run.attempt > attempt and run.progress.step >= step)

        return made_up

    def _look_until(
        self, condition: Callable[[], bool], what: str, *, submit: bool = True, patience_s: float = PATIENCE_S
    ) -> None:
        """Keep runs coming, see how they are, and what is made up for, until the condition holds."""
        until = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < until, f"{what} did not come; runs: {self._going}"
            if submit and len(self._going) < AT_ONCE:
                self._submit()
            for run_id in list(self._going):
                self._see(run_id)
            for loss in self.losses:
                if loss.seconds is None and loss.made_up():
                    loss.seconds = time.monotonic() - loss.at
            time.sleep(LOOK_S)

    def _submit(self) -> None:
        """One run more, the plans in turn; asked again with the same key where the API dies under the request."""
        name, key = list(PLANS)[len(self.runs) % len(PLANS)], f"run-{len(self.runs)}"
        run = _answer(lambda: self._client.submit(PLANS[name], key))
        if run is not None:
            self.runs.append(Submitted(run.id, name))
            self._going[run.id] = run

    def _see(self, run_id: str) -> None:
        run = _answer(lambda: self._client.run(run_id))
        if run is not None:
            self._going[run_id] = run
            if run.ended:
                del self._going[run_id]


def _answer(ask: Callable[[], T]) -> T | None:
    """What the service answers; None when it does not answer now."""
    try:
        return ask()
    except Unreachable:
        return None
    except Refused as refused:
        if refused.status != 503:
            raise
        return None


def compare(client: Client, runs: Sequence[Submitted], twins: dict[str, End]) -> Found:
    """Each run beside its twin."""
    found = Found()
    for submitted in runs:
        run, twin = client.run(submitted.id), twins[submitted.plan]
        points = client.points(run.id)
        values = [(p.step, p.split, p.target, p.name, p.value) for p in points]
        places = [value[:-1] for value in values]
        lost = len(set(twin.points) - set(values)) + len(set(values) - set(twin.points))
        doubled = len(places) - len(set(places)) + sum(p.cursor != n for n, p in enumerate(points, start=1))
        wrong = (run.status, run.error, run.progress.step) != ("succeeded", None, submitted.steps)
        unequal = weights_of(client, run) != twin.weights
        attempts = client.attempts(run.id)
        found.attempts.update(attempt.reason or "open" for attempt in attempts)
        found.resumed += sum(bool(attempt.resumed_from_step) for attempt in attempts)
        found.lost, found.doubled = found.lost + lost, found.doubled + doubled
        found.wrong, found.unequal = found.wrong + wrong, found.unequal + unequal
        if lost or doubled or wrong or unequal:
            print(f"{submitted}: {lost=} {doubled=} {wrong=} {unequal=} {run} {attempts}", file=sys.stderr)
    return found


def table(chaos: Chaos, found: Found, seed: int, took_s: float) -> str:
    """The result in Markdown."""
    kills = Counter(loss.kind for loss in chaos.losses)
    plans = Counter(run.plan for run in chaos.runs)
    rows = {
        "kills": f"{len(chaos.losses)}: {_counted(kills)} (seed {seed})",
        "runs": f"{len(chaos.runs)}: {_counted(plans)}",
        "attempts": f"{found.attempts.total()}: {_counted(found.attempts)}; {found.resumed} from a step beyond 0",
        "lost or other points": found.lost,
        "doubled points": found.doubled,
        "wrong end states": found.wrong,
        "runs with unequal weights": found.unequal,
        "all of it took": f"{took_s:.0f} s",
    }
    for kind in kills:
        lost = [loss.seconds or 0.0 for loss in chaos.losses if loss.kind == kind]
        rows[f"time lost by a kill of the {kind}"] = f"median {median(lost):.1f} s, max {max(lost):.1f} s"
    every = [loss.seconds or 0.0 for loss in chaos.losses]
    rows["time lost by any kill"] = f"median {median(every):.1f} s, max {max(every):.1f} s"
    return "\n".join(["| what | |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows.items())])


def _counted(counts: Counter[Any]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.most_common())


def main(argv: Sequence[str]) -> int:
    """Run it; 0 when all is well."""
    asked = _arguments(argv)
    for name in ("database", "redis"):
        os.environ.pop(f"OCTET_TEST_{name.upper()}_URL", None)
        if url := getattr(asked, f"{name}_url"):
            os.environ[f"OCTET_TEST_{name.upper()}_URL"] = url
    kinds = [kind for kind in KINDS if kind != "broker" or not asked.redis_url]
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="octet-chaos-") as name,
        serving(Path(name), **CLOCKS) as service,
        Client(service.url) as client,
    ):
        upload(client, Path(name) / "trial")
        chaos = Chaos(service, client, kinds, random.Random(asked.seed))
        found = None
        try:
            twins = chaos.twins()
            chaos.kill(asked.kills)
            found = compare(client, chaos.runs, twins)
        finally:
            if found is None or not found.well:
                print(service.logs[-8000:], file=sys.stderr)
        said = table(chaos, found, asked.seed, time.monotonic() - began)
    print(said)
    if asked.out is not None:
        asked.out.write_text(said + "\n")
    return 0 if found.well else 1


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--database-url", help="a PostgreSQL on which it may make a database of its own")
    parser.add_argument("--redis-url", help="a Redis in which it may have keys of its own")
    parser.add_argument("--out", type=Path, help="also write the table to this file")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
