"""The way of a user through a service that runs in containers, and what may happen to those meanwhile.

python -m tests.containers.walk --url URL --compose PROGRAM --secrets FOLDER

PROGRAM is the compose client, told of its project and files; containers are those of the podman that the environment
names. containers/check.sh starts all of it. Prints a line a step, and ends with a traceback where one does not hold.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from octet import Client
from tests.faults.trial import BODY, end_at, ended, upload
from tests.support.service import wait_for

PATIENCE_S = 240.0
OURS = ("api", "worker", "predictor")
PROBE = """
id -u
grep -E '^(CapEff|NoNewPrivs)' /proc/1/status
touch /opt/octet/x 2>&1 || true
touch /tmp/x /data/x && rm /data/x && echo written
env | grep -i password
"""


@dataclass(frozen=True)
class Containers:
    """The containers of the service, by the names that the compose file gives its parts."""

    compose: str

    def ask(self, *arguments: str) -> str:
        """What the compose client prints; CalledProcessError when it fails."""
        return subprocess.run([self.compose, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout

    def inspect(self, part: str, field: str) -> str:
        """A field of the one container of a part, by a Go template."""
        container = self.ask("ps", "--all", "--quiet", part).strip()
        command = ["podman", "inspect", "--format", field, container]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def crash(self, part: str) -> None:
        """kill -9 all of a container, as a crash does: not by the engine, which would take it for our wish."""
        os.kill(int(self.inspect(part, "{{.State.Pid}}")), signal.SIGKILL)


def prepared(at: Containers, secrets: Path) -> None:
    """Each part is root nowhere, writes only where it may, and shows no password to who looks at it from outside."""
    passwords = [file.read_text().strip() for file in secrets.iterdir()]
    assert len(passwords) == 2
    for part in OURS:
        said = at.ask("exec", "-T", part, "sh", "-c", PROBE)
        assert said.startswith("1000\n"), said
        assert "CapEff:\t0000000000000000" in said, said
        assert "NoNewPrivs:\t1" in said, said
        assert "Read-only file system" in said, said
        assert "written" in said, said
        assert not any(password in said for password in passwords)
        assert "OCTET_DATABASE_PASSWORD_FILE=/run/secrets/" in said
    for part in ("worker", "predictor", "postgres", "redis"):
        routes = [line.split() for line in at.ask("exec", "-T", part, "cat", "/proc/net/route").splitlines()[1:]]
        assert routes, part
        assert "00000000" not in {destination for _, destination, *_ in routes}, f"{part} has a way out"
    for part in (*OURS, "postgres", "redis", "migrate"):
        everything = at.inspect(part, "{{json .}}")
        assert not any(password in everything for password in passwords), part


def of(steps: int, **more: int) -> dict[str, object]:
    """A run of so many steps."""
    return BODY | {"plan": {"steps": steps, "batch": 8, "threads": 1}} | more


def trained(client: Client, at: Containers, steps: int) -> str:
    """A run that succeeds although its worker crashes, another is stopped in its midst, and the API is restarted."""
    run_id = client.submit(of(steps)).id
    wait_for(lambda: client.run(run_id).progress.step >= steps // 10, PATIENCE_S, "the first attempt training")
    at.crash("worker")
    wait_for(lambda: len(client.attempts(run_id)) == 2, PATIENCE_S, "a second attempt")
    wait_for(lambda: client.points(run_id)[-1].step >= steps // 4, PATIENCE_S, "the second attempt training")
    at.ask("stop", "worker")
    assert at.inspect("worker", "{{.State.ExitCode}}") == "0"
    assert [a.reason for a in client.attempts(run_id)] == ["lost", "handed_back"]
    at.ask("start", "worker")
    at.ask("restart", "api")
    wait_for(client.ready, PATIENCE_S, "the API being ready again")
    assert [seen.run.status for seen in client.follow(run_id, every_s=0.5)][-1] == "succeeded"
    assert set(end_at(client, run_id, steps).weights) == {"best", "resume"}
    return run_id


def answered(client: Client, run_id: str, folder: Path) -> None:
    """Curve, predictions of one file and of a data set, and a model by its name."""
    assert b"<svg" in client.curve(run_id, "loss")
    assert client.predict(bytes(range(60)), run=run_id).answers()["side"].label == "low"
    assert client.predict(bytes(range(140, 220)), run=run_id).answers()["side"].label == "high"
    table = folder / "predictions.csv"
    assert client.predict_dataset("trial", table, run=run_id).status == "succeeded"
    assert len(table.read_text().splitlines()) == 61
    client.models.promote("sides", run_id)
    assert client.predict(b"low", model="sides").run == run_id


def cancelled(client: Client, steps: int) -> None:
    """A run that is cancelled in its midst keeps its curve."""
    run_id = client.submit(of(steps, seed=9)).id
    wait_for(lambda: client.points(run_id), PATIENCE_S, "the first points")
    client.cancel(run_id)
    assert ended(client, run_id).status == "cancelled"
    assert client.points(run_id)


def backed_up(at: Containers, run_id: str, folder: Path) -> None:
    """By the commands of docs/guides/containers.md."""
    dump = at.ask("exec", "-T", "postgres", "pg_dump", "--username=octet", "--no-owner", "octet")
    assert run_id in dump
    blobs = folder / "storage.tar"
    with blobs.open("wb") as file:
        command = [at.compose, "exec", "-T", "api", "tar", "--create", "--directory=/data/storage", "."]
        subprocess.run(command, check=True, stdout=file)
    listed = subprocess.run(["tar", "--list", "--file", blobs], check=True, capture_output=True, text=True).stdout
    assert run_id in listed


def renewed(client: Client, at: Containers, run_id: str) -> None:
    """New containers of everything, as after an upgrade: the migration first, and what was there is there."""
    at.ask("up", "--detach", "--wait", "--force-recreate")
    assert client.run(run_id).status == "succeeded"
    assert client.predict(b"low", model="sides").run == run_id


def main(arguments: Sequence[str]) -> int:
    """All steps in order; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.containers.walk")
    parser.add_argument("--url", required=True)
    parser.add_argument("--compose", required=True, help="the compose client, told of its project and files")
    parser.add_argument("--secrets", required=True, type=Path, help="the folder of its secrets")
    parser.add_argument("--steps", type=int, default=500, help="of a run: half a minute on an idle machine")
    given = parser.parse_args(arguments)
    at, began = Containers(given.compose), time.monotonic()

    def done(what: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {what}", flush=True)

    with tempfile.TemporaryDirectory() as scratch, Client(given.url) as client:
        folder = Path(scratch)
        wait_for(client.ready, PATIENCE_S, "the API being ready")
        done("ready")
        prepared(at, given.secrets)
        done("no root, no rights, no password in sight, written only where it may be")
        upload(client, folder)
        done("uploaded")
        run_id = trained(client, at, given.steps)
        done("trained over a crash of the worker, a stop of it and a restart of the API")
        answered(client, run_id, folder)
        done("curve, predictions of a file, of a data set and by a model")
        at.ask("exec", "-T", "api", "octet", "doctor")
        done("octet doctor finds nothing broken")
        cancelled(client, given.steps)
        done("cancelled")
        backed_up(at, run_id, folder)
        done("backed up")
        renewed(client, at, run_id)
        done("new containers of everything, on the old volumes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
