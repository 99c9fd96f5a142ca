"""How right the default is: data sets trained with nothing but a time budget, seed 0, then their held-out files asked.

    .venv/bin/python -m benchmarks.accuracy DATA OUT [--only NAME ...] [--seconds S] [--test] [--kept] [--more JSON]

DATA holds a folder a set, with an archive, labels_train.csv and labels_test.csv (as README.md there says); `records`,
`period` and `shifted` are made here (2,000 files to train on, 500 to test). Trained by `python -m models train` on the
training labels alone. Without --test nothing reads the test labels; with it the best checkpoint answers the test
files, once; with --kept it is the one that lies in OUT from before. --more: further keys of the short form, for
ablations. Printed: what the run chose, its best validation, the test figure with its 95 % interval (Wilson's for
shares, bootstrap for errors), and the wall time.
"""

import argparse
import csv
import io
import json
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.made_sets import make
from models.packed import PackedDataset, pack

SECONDS = {"imdb": 1800.0}
"""Of max_runtime_s; 900 for all others."""
TARGETS = {"imdb": "Sentiment", "fsdd": "Digit", "filetypes": "Type", "mnist10k": "Digit", "esol": "LogSolubility"}
MADE = ("records", "period", "shifted")
CONTINUOUS = ("esol",)


@dataclass(frozen=True)
class Source:
    """A data set on disk. test: None where there is none of its own."""

    name: str
    archive: Path
    train: Path
    test: Path | None

    @property
    def target(self) -> str:
        """The column of its labels."""
        return TARGETS.get(self.name, "Class")


def main() -> int:
    """Train each set, and say what came of it."""
    arguments = _arguments()
    for name in arguments.only or [*TARGETS, *MADE]:
        source = made(name, arguments.out) if name in MADE else found(name, arguments.data)
        out = arguments.out / name
        seconds = arguments.seconds or SECONDS.get(name, 900.0)
        began = time.monotonic()
        if not arguments.kept:
            train(source, out, seconds, json.loads(arguments.more))
        took = time.monotonic() - began
        best = max((out / "checkpoints").glob("best-*.safetensors"), key=lambda path: int(path.stem.split("-")[1]))
        print(f"{name}: {chosen_in_words(out)}")
        print(f"{name}: validation {best_validation(out, best)}  ({took:.0f} s of {seconds:.0f})", flush=True)
        if arguments.test and source.test is not None:
            print(f"{name}: test {score(source, best, arguments.out)}", flush=True)
    return 0


def found(name: str, data: Path) -> Source:
    """A set of the data folder."""
    folder = data / name
    labels = [folder / "labels_train.csv", *folder.glob("*_labels_train.csv")]
    archives = [path for path in sorted(folder.glob("*.tar.*")) if "unsup" not in path.name]
    test = folder / "labels_test.csv"
    return Source(name, archives[0], next(path for path in labels if path.exists()), test if test.exists() else None)


def made(name: str, out: Path) -> Source:
    """One of our own sets, written as the others are."""
    folder = out / f"{name}-data"
    folder.mkdir(parents=True, exist_ok=True)
    archive, rows = folder / "files.tar", []
    with tarfile.open(archive, "w") as tar:
        for file_id, content, label in make(name, 2_500):
            entry = tarfile.TarInfo(f"{file_id}.bin")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
            rows.append((file_id, label))
    for part, some in (("train", rows[:2_000]), ("test", rows[2_000:])):
        with (folder / f"labels_{part}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("ID", "Class"), *some])
    return Source(name, archive, folder / "labels_train.csv", folder / "labels_test.csv")


def train(source: Source, out: Path, seconds: float, more: dict[str, Any]) -> None:
    """A run of the short form in a process of its own, on a pack of the training files."""
    out.mkdir(parents=True, exist_ok=True)
    packed = out / "dataset"
    if not packed.exists():
        pack(packed, labels=source.train, archive=source.archive)
    body: dict[str, Any] = {"dataset": source.name, "target": source.target, "max_runtime_s": seconds, "seed": 0}
    config = out / "body.json"
    config.write_text(json.dumps(body | more))
    command = [sys.executable, "-m", "models", "train", str(config), str(packed), str(out)]
    subprocess.run(command, check=True)


def chosen_in_words(out: Path) -> str:
    """What the automatic choice took."""
    config = json.loads((out / "config.json").read_text())["config"]
    plan = json.loads((out / "plan.json").read_text())
    octet = {key: value for key, value in config["input"]["model_config"]["octet"].items() if value is not None}
    length = config["input"]["input_type_info"]["max_length"]
    return f"max_length {length}, batch {plan['batch_size']}, steps {plan['steps']}, {json.dumps(octet)}"


def best_validation(out: Path, best: Path) -> str:
    """The validation values of the kept step."""
    step = int(best.stem.split("-")[1])
    points = [json.loads(line) for line in (out / "points.jsonl").read_text().splitlines()]
    found = {p["name"]: p["value"] for p in points if p["split"] == "valid" and p["step"] == step and p["target"]}
    return f"step {step}: " + ", ".join(f"{name} {value:.4f}" for name, value in found.items())


def score(source: Source, best: Path, out: Path) -> str:
    """The test figure of a checkpoint, with its interval."""
    from models.inference.predictor import Categorical, Predictor

    assert source.test is not None
    with source.test.open(newline="") as file:
        truth = {row["ID"]: row[source.target] for row in csv.DictReader(file)}
    whole = out / f"{source.name}-all"
    files = PackedDataset.open(whole) if whole.exists() else pack(whole, archive=source.archive).dataset
    predictor, right, errors = Predictor.load(best), [], []
    for ids in _portions([*range(len(files))], 64):
        asked = [(_stem(files.ids[at]), at) for at in ids if _stem(files.ids[at]) in truth]
        if not asked:
            continue
        for (file_id, _), answer in zip(asked, predictor.predict([files.read(at) for _, at in asked]), strict=True):
            said = answer.outputs[source.target]
            if isinstance(said, Categorical):
                right.append(said.label == truth[file_id])
            else:
                errors.append(said.value - float(truth[file_id]))
    return _share(right) if right else _rmse(np.array(errors), np.array([float(value) for value in truth.values()]))


def _share(right: Sequence[bool]) -> str:
    """An accuracy with Wilson's 95 % interval."""
    n, p, z = len(right), float(np.mean(right)), 1.96
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return f"accuracy {p:.4f} ({sum(right)} of {n}; {middle - half:.4f} to {middle + half:.4f})"


def _rmse(errors: np.ndarray, truth: np.ndarray) -> str:
    """An RMSE with its bootstrap 95 % interval, and R2."""
    draws = np.random.default_rng(0).integers(0, len(errors), (2_000, len(errors)))
    low, high = np.quantile(np.sqrt(np.square(errors[draws]).mean(1)), [0.025, 0.975])
    r2 = 1 - np.square(errors).sum() / np.square(truth - truth.mean()).sum()
    return f"RMSE {np.sqrt(np.square(errors).mean()):.4f} ({low:.4f} to {high:.4f}), R2 {r2:.4f}, {len(errors)} files"


def _stem(file_id: str) -> str:
    return Path(file_id).stem


def _portions(items: list[int], size: int) -> Iterator[list[int]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", choices=[*TARGETS, *MADE])
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--test", action="store_true", help="read the test labels, once, at the end")
    parser.add_argument("--kept", action="store_true", help="train nothing: measure what OUT holds")
    parser.add_argument("--more", default="{}", help="more keys of the short form, as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
