"""From files of this machine to predictions, live: `make demo`, or `.venv/bin/python -m examples.demo [--keep]`.

Starts a service of its own on a free port, uploads files whose kind is known, trains for two and a half minutes, and
asks the model about files that it has never seen. Exits with 0 when at least 95 % of them are told right.
"""

import argparse
import csv
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from app.cli.live import follow
from app.cli.screen import out
from examples.machine_files import MADE, Found, choose
from octet import Client, Prediction, Run

RUN = {"target": "kind", "name": "demo"}
"""The short form; all else is chosen from the data."""
TOLD = ("size", "views", "stride", "members")
"""Of what was chosen."""
TRAINING_S = 150
STARTING_S = 120
STOPPING_S = 40
WANTED_ACCURACY = 0.95
SHOWN = 18
BATCH = 32


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--keep", action="store_true", help="leave the service and its data up")
    parser.add_argument("--seconds", type=float, default=TRAINING_S, help="of training (default: %(default)s)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = out()
    try:
        with tempfile.TemporaryDirectory(prefix="octet-demo-files-") as files, served(console, options.keep) as url:
            return demonstrate(console, url, Path(files), options.seconds)
    except KeyboardInterrupt:
        return 130


def demonstrate(console: Console, url: str, folder: Path, seconds: float) -> int:
    """Upload, train, predict, compare."""
    console.rule("1  files of this machine", align="left")
    chosen = choose()
    console.print(", ".join(f"{count} {kind}" for kind, count in chosen.counts().items()))
    console.print(f"({MADE}s are made here, by compressing other files.) Their names are hidden: IDs are numbers.")
    source, labels = write(folder, chosen.known)
    with Client(url) as client:
        dataset = client.upload(source, labels, "machine-files")
        console.print(
            f"uploaded {dataset.files} files, {dataset.bytes:,} bytes; held back {len(chosen.held_out)} more\n"
        )
        console.rule("2  training", align="left")
        run = client.submit(RUN | {"dataset": dataset.name, "max_runtime_s": seconds})
        tell_choice(console, client.run(run.id))
        run = follow(client, run, console)
        if run.status != "succeeded":
            return 1
        console.print()
        console.rule("3  files it has never seen", align="left")
        answers = [
            answer
            for start in range(0, len(chosen.held_out), BATCH)
            for answer in client.predict_many(
                [(str(place), found.data) for place, found in enumerate(chosen.held_out[start : start + BATCH])],
                run=run.id,
            )
        ]
    return judge(console, chosen.held_out, answers)


def tell_choice(console: Console, run: Run) -> None:
    """What the automatic choice took for the model, and why."""
    assert run.config is not None
    chosen = run.config["input"]["model_config"]["octet"]
    at = "/input/model_config/octet"
    for name in TOLD:
        value = ", ".join(chosen[name]) if isinstance(chosen[name], list) else chosen[name]
        console.print(Text(f"  {name} {value}".ljust(40)) + Text(run.reasons.get(f"{at}/{name}", ""), "dim"))
    console.print()


def write(folder: Path, files: Sequence[Found]) -> tuple[Path, Path]:
    """A folder of numbered files and their labels CSV."""
    source, labels = folder / "files", folder / "labels.csv"
    source.mkdir()
    with labels.open("w", newline="") as table:
        rows = csv.writer(table)
        rows.writerow(["ID", "kind"])
        for number, found in enumerate(files):
            (source / f"{number:04d}").write_bytes(found.data)
            rows.writerow([f"{number:04d}", found.kind])
    return source, labels


def judge(console: Console, files: Sequence[Found], answers: Sequence[Prediction]) -> int:
    """Print some answers beside the truth, what was confused, and the accuracy."""
    seen = [answer.answers()["kind"] for answer in answers]
    wrong: Counter[tuple[str, str]] = Counter()
    for place, (found, answer) in enumerate(zip(files, seen, strict=True)):
        right = answer.label == found.kind
        if not right:
            wrong[found.kind, str(answer.label)] += 1
        if place < SHOWN:
            sure = (answer.probabilities or {}).get(str(answer.label), 0.0)
            console.print(
                Text(" ✓ " if right else " ✗ ", "green" if right else "red")
                + Text(f"saw {answer.label} ({sure:.0%})".ljust(32))
                + Text(f"is {found.kind}".ljust(22) + found.path.name, "dim")
            )
    console.print(f"   ... and {len(files) - SHOWN} more" if len(files) > SHOWN else "")
    for (truth, label), times in wrong.most_common(5):
        console.print(Text(f"   {times} x {truth} taken for {label}", "dim"))
    accuracy = 1 - wrong.total() / len(files)
    enough = accuracy >= WANTED_ACCURACY
    console.print(
        Text(f"\nheld-out accuracy {accuracy:.3f} on {len(files)} files", "bold green" if enough else "bold red")
        + Text(f" (wanted: {WANTED_ACCURACY})")
    )
    return 0 if enough else 1


@contextmanager
def served(console: Console, keep: bool) -> Iterator[str]:
    """The address of an Octet of our own; all of it is gone at the end, unless it is to be kept."""
    data = Path(tempfile.mkdtemp(prefix="octet-demo-"))
    url = f"http://127.0.0.1:{(port := free_port())}"
    serve = [sys.executable, "-c", "from app.cli.entry import main; main()", "serve", "--port", str(port)]
    # Settings of the caller's own service are not for this one; and Ctrl-C is for us, who then end the service.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OCTET_")}
    with (data / "serve.log").open("wb") as log:
        service = subprocess.Popen(
            [*serve, "--data-dir", str(data)], stdout=log, stderr=log, env=environment, start_new_session=True
        )
    kept = False
    try:
        wait_until_ready(service, url, data / "serve.log")
        yield url
        kept = keep
    finally:
        if kept:
            console.print(f"\nThe service stays at {url} (data: {data}). Stop it: kill {service.pid}")
        else:
            stop(service)
            shutil.rmtree(data, ignore_errors=True)


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(service: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Return when the service takes work; exit with its log when it does not come up."""
    end = time.monotonic() + STARTING_S
    with Client(url) as client:
        while not client.ready():
            if service.poll() is not None or time.monotonic() > end:
                sys.exit("the service did not start; the end of its log:\n" + log.read_text(errors="replace")[-3000:])
            time.sleep(0.1)


def stop(service: subprocess.Popen[bytes]) -> None:
    """Ask the service to end, and its processes with it; insist after STOPPING_S."""
    service.terminate()
    try:
        service.wait(STOPPING_S)
    except subprocess.TimeoutExpired:
        service.kill()
        service.wait()


if __name__ == "__main__":
    sys.exit(main())
