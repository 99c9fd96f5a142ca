"""A run that lasts some ten seconds on an idle machine, and everything about its end that a fault must not change."""

import random
from dataclasses import dataclass
from pathlib import Path

from octet import Attempt, Client, Run
from tests.support.service import wait_for

STEPS = 160
LONGEST_S = 240.0
BACK_S = 120.0
"""A run is on its way again within this time, also on a busy machine: on an idle one it takes some 15 s at most."""
BODY = {"dataset": "trial", "target": "side", "plan": {"steps": STEPS, "batch": 8, "threads": 1}}


@dataclass(frozen=True)
class End:
    """How a run ended: all of its points in order (step, split, target, name, value), and digests of its last state."""

    points: list[tuple[int, str, str | None, str, float]]
    weights: dict[str, str]


def upload(client: Client, folder: Path) -> None:
    """The data set of the trial: files of low bytes, and files of high bytes."""
    draw = random.Random(7)
    files = folder / "files"
    files.mkdir(parents=True)
    rows = ["ID,side"]
    for i in range(60):
        body = bytes(128 * (i % 2) + draw.randrange(128) for _ in range(draw.randint(60, 200)))
        (files / f"{i:03d}.bin").write_bytes(body)
        rows.append(f"{i:03d},{('low', 'high')[i % 2]}")
    labels = folder / "labels.csv"
    labels.write_text("\n".join(rows) + "\n")
    client.upload(files, labels, "trial")


def in_mid_run(client: Client) -> str:
    """A new run of the trial that has done some of its steps, and recorded points."""
    run_id = client.submit(BODY).id

    def mid_run() -> bool:
        run = client.run(run_id)
        assert not run.ended, f"ended too early to disturb it: {run}"
        return run.progress.step >= STEPS // 6 and bool(client.points(run_id))

    wait_for(mid_run, LONGEST_S, "being in mid-run")
    return run_id


def ended(client: Client, run_id: str) -> Run:
    """The run after its end."""
    wait_for(lambda: client.run(run_id).ended, LONGEST_S, "the run's end")
    return client.run(run_id)


def next_attempt(client: Client, run_id: str) -> list[Attempt]:
    """The attempts, once the second one has begun; AssertionError when it does not begin in time."""

    def attempts() -> list[Attempt]:
        found = client.attempts(run_id)
        return found if len(found) > 1 else []

    return wait_for(attempts, BACK_S, "a second attempt")


def end_of(client: Client, run_id: str) -> End:
    """What stands at the end of a run of the trial that succeeded."""
    return end_at(client, run_id, STEPS)


def end_at(client: Client, run_id: str, steps: int) -> End:
    """What stands at the end of a run that succeeded, with its cursors in order and no point twice."""
    run = ended(client, run_id)
    assert (run.status, run.error, run.progress.step) == ("succeeded", None, steps)
    points = client.points(run_id)
    assert [p.cursor for p in points] == list(range(1, len(points) + 1))
    return End([(p.step, p.split, p.target, p.name, p.value) for p in points], weights_of(client, run))


def weights_of(client: Client, run: Run) -> dict[str, str]:
    """The digests of what a run leaves: its best checkpoint, and its state at the last step."""
    stored = client.checkpoints(run.id)
    return {c.kind: c.digest or "" for c in stored if c.kind == "best" or c.step == run.progress.step}
