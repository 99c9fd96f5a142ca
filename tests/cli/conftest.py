"""The command line as a user has it: the installed `octet`, in a folder of the user's, against a real service."""

import os
import pty
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from octet import Client

OCTET = Path(sys.executable).with_name("octet")

GLOBALS = """
basic_experiment: {output_folder: runs/sides, n_epochs: 10, batch_size: 8, valid_size: 8, memory_dataset: true}
evaluation_checkpoint: {sample_interval: 10}
optimization: {lr: 3e-3}
lr_schedule: {lr_schedule: same}
training_control: {early_stopping_patience: 0}
"""
INPUT = """
input_info: {input_source: sides, input_name: bytes, input_type: bytes}
input_type_info: {max_length: 32}
model_config:
  {model_type: sequence-default, embedding_dim: 16, pool: avg, model_init_config: {num_layers: 1, num_heads: 2}}
"""
OUTPUT = """
output_info: {output_source: labels.csv, output_name: output, output_type: tabular}
output_type_info: {target_cat_columns: [side]}
"""


@dataclass(frozen=True)
class Desk:
    """A user's working directory, and the command in it."""

    folder: Path
    environment: dict[str, str]

    def octet(self, *arguments: object, timeout: float = 180.0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `octet` there, its output in pipes."""
        return subprocess.run(
            [OCTET, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """The same, without waiting."""
        return subprocess.Popen(
            [OCTET, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def on_screen(self, *arguments: object, **environment: str) -> tuple[subprocess.Popen[bytes], int]:
        """The same in a terminal of 160 columns: the process, and the file that its screen is read from."""
        ours, theirs = pty.openpty()
        clean = {name: value for name, value in self.environment.items() if name != "NO_COLOR"}
        told = clean | {"TERM": "xterm-256color", "COLUMNS": "160"} | environment
        done = subprocess.Popen([OCTET, *map(str, arguments)], cwd=self.folder, env=told, stdout=theirs, stderr=theirs)
        os.close(theirs)
        return done, ours


def read_screen(terminal: int) -> str:
    """What comes next; '' at the end. Linux answers EIO where a terminal's other side is closed."""
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError:
        return ""


def write_sides(folder: Path, files: int, seed: int) -> None:
    """Files of low or of high bytes in folder/sides, two of them equal, their labels in folder/labels.csv."""
    draw = random.Random(seed)
    (folder / "sides").mkdir(parents=True, exist_ok=True)
    rows = ["ID,side"]
    for number in range(files):
        high = number % 2
        data = bytes(128 * high + draw.randrange(128) for _ in range(draw.randint(8, 40)))
        if number == files - 1:
            data = (folder / "sides/001.bin").read_bytes()
        (folder / f"sides/{number:03d}.bin").write_bytes(data)
        rows.append(f"{number:03d},{'high' if high else 'low'}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")


@pytest.fixture(scope="session")
def desks(service, tmp_path_factory) -> Callable[[str], Desk]:
    """Makes a folder with EIR's three files, files and labels."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OCTET_", "EIR_"))}

    def make(name: str, files: int = 40, seed: int = 1) -> Desk:
        folder = tmp_path_factory.mktemp(name)
        write_sides(folder, files, seed)
        for file, text in (("globals", GLOBALS), ("input", INPUT), ("output", OUTPUT)):
            (folder / f"{file}.yaml").write_text(text)
        return Desk(folder, clean | {"OCTET_URL": service.url, "OMP_NUM_THREADS": "1"})

    return make


@pytest.fixture(scope="session")
def desk(desks) -> Desk:
    """A desk for all tests that only read."""
    return desks("desk")


@pytest.fixture(scope="session")
def trained(desk) -> subprocess.CompletedProcess[str]:
    """EIR's three files, trained to the end."""
    return desk.octet("train", "globals.yaml", "input.yaml", "output.yaml", timeout=240, EIR_SEED="7")


@pytest.fixture(scope="session")
def run_id(desk, trained) -> str:
    """The run that `trained` made."""
    assert trained.returncode == 0, trained.stderr
    return trained.stderr.split("run ")[1].split()[0]


@pytest.fixture
def client(service):
    with Client(service.url) as client:
        yield client


@pytest.fixture(scope="session")
def other_id(service, run_id) -> str:
    """A second run on the data of the first."""
    return short_run(service, "other")


@pytest.fixture
def newest_id(service, run_id) -> str:
    """A run later than all that other tests made: theirs may have been cancelled before their first point."""
    return short_run(service, "newest")


def short_run(service, name: str) -> str:
    """The id of a run of the short form that has done its few steps."""
    body = {"dataset": "sides", "target": "side", "name": name, "plan": {"steps": 12, "batch": 8, "threads": 1}}
    with Client(service.url) as client:
        run = client.submit(body).id
        assert [seen.run.status for seen in client.follow(run, every_s=0.2)][-1] == "succeeded"
    return run
