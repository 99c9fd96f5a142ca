"""How much memory training and predicting really take, beside the arithmetic that refuses what does not fit.

    .venv/bin/python -m benchmarks.memory [--only WORD ...] [--json FILE]

Each row is a process of its own (forked when torch is loaded): a few steps, a validation, a validation's checkpoint and
a resume checkpoint of a model with these numbers. Printed: the peak of the whole process in training, and what
predicting adds to one; what `models.config` expects; expected / measured. Linux. Some 5 minutes on two cores, 4 GB.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.octet_memory import OCTET_ROWS, octet_config
from models.config import RunConfig, TargetSpec, load_config
from models.config.load import PROCESS_BYTES, Load
from models.config.size import memory_bytes, predicting_bytes
from models.memory import peak_bytes
from models.packed import LabelTable, PackedDataset, PackWriter
from models.threads import wait_without_spinning

MB = 10**6
TUTORIAL: dict[str, Any] = {
    "batch": 64, "length": 1024, "window": 128, "width": 64, "heads": 8, "layers": 4, "dropout": 0.1, "pool": "avg",
    "position": "embed", "mixing": 0.5,
}  # fmt: skip
SHORT: dict[str, Any] = {
    "batch": 32, "length": 1024, "window": 64, "width": 64, "heads": 4, "layers": 2, "hidden": 128, "dropout": 0.0,
    "pool": "avg",
}  # fmt: skip

ROWS: dict[str, dict[str, Any]] = {
    "tutorial": TUTORIAL,
    "tutorial, batch 16": {**TUTORIAL, "batch": 16},
    "tutorial, 1 thread": {**TUTORIAL, "batch": 32, "threads": 1},
    "tutorial, no mixing": {**TUTORIAL, "batch": 32, "mixing": 0.0},
    "tutorial, dropout 0": {**TUTORIAL, "batch": 32, "dropout": 0.0},
    "tutorial, max": {**TUTORIAL, "batch": 32, "pool": "max"},
    "tutorial, accumulation": {**TUTORIAL, "batch": 32, "accumulation": 2},
    "short form": SHORT,
    "short form, batch 8": {**SHORT, "batch": 8},
    "short form, 128 B": {**SHORT, "batch": 256, "length": 128},
    "short form, 16 KiB": {**SHORT, "batch": 4, "length": 16_384},
    "short form, sgdm": {**SHORT, "optimizer": "sgdm"},
    "one window of 2,048": {**SHORT, "batch": 4, "length": 2048, "window": 0, "heads": 8, "dropout": 0.1},
    "one window, dropout 0": {**SHORT, "batch": 4, "length": 2048, "window": 0, "heads": 8},
    "one window of 6,000": {**SHORT, "batch": 1, "length": 6000, "window": 0, "heads": 2, "dropout": 0.1},
    "6,000, dropout 0": {**SHORT, "batch": 1, "length": 6000, "window": 0, "heads": 2},
    "causal, 2,048": {**SHORT, "batch": 4, "length": 2048, "window": 0, "dropout": 0.1, "masked": True},
    "window 100 of 1,000 + 24": {**SHORT, "batch": 16, "window": 100, "dropout": 0.1},
    "window 3": {**SHORT, "batch": 8, "window": 3, "dropout": 0.1},
    "window larger than length": {**SHORT, "batch": 64, "length": 100, "window": 400, "dropout": 0.1},
    "no pool": {**SHORT, "batch": 16, "length": 512, "pool": None},
    "no pool, 2,048": {**SHORT, "batch": 8, "length": 2048, "pool": None},
    "32 heads": {**SHORT, "batch": 8, "heads": 32, "window": 256, "dropout": 0.1},
    "width 256": {**SHORT, "batch": 8, "width": 256, "heads": 8, "hidden": "auto", "dropout": 0.1},
    "width 256, dropout 0": {**SHORT, "batch": 8, "width": 256, "heads": 8, "hidden": "auto"},
    "512, 6 layers": {**SHORT, "batch": 4, "length": 256, "width": 512, "heads": 8, "layers": 6, "hidden": "auto"},
    "width 1,024": {**SHORT, "batch": 1, "length": 64, "width": 1024, "heads": 8, "layers": 4, "hidden": "auto"},
    "hidden 2,048": {**SHORT, "batch": 8, "hidden": 2048},
    "hidden 16": {**SHORT, "batch": 32, "hidden": 16},
    "8 layers": {**SHORT, "batch": 16, "layers": 8, "dropout": 0.1},
    "16 layers of 16": {**SHORT, "batch": 16, "layers": 16, "width": 16, "hidden": "auto"},
    "fusion 2,048": {**SHORT, "batch": 64, "length": 64, "fusion": 2048},
    "2,000 classes": {**SHORT, "batch": 8, "length": 64, "classes": 2000, "valid": 3000},
    "2,000 validation files": {**SHORT, "batch": 8, "length": 256, "valid": 2000},
    "all small": {**SHORT, "batch": 4, "length": 32, "window": 0, "width": 8, "layers": 1, "hidden": 16},
}  # fmt: skip


ROWS |= OCTET_ROWS


def config_of(row: dict[str, Any]) -> RunConfig:
    """The config of a row."""
    if "size" in row:
        return octet_config(row)
    return load_config(
        {
            "dataset": "noise",
            "globals": {
                "basic_experiment": {"batch_size": row["batch"], "valid_size": row.get("valid", row["batch"])},
                "optimization": {
                    "optimizer": row.get("optimizer", "adamw"),
                    "gradient_accumulation_steps": row.get("accumulation"),
                },
                "training_control": {"mixing_alpha": row.get("mixing", 0.0)},
            },
            "input": {
                "input_info": {"input_source": "noise"},
                "input_type_info": {"max_length": row["length"]},
                "model_config": {
                    "embedding_dim": row["width"],
                    "window_size": row["window"],
                    "pool": row["pool"],
                    "position": row.get("position", "encode"),
                    "position_dropout": row["dropout"],
                    "masked": row.get("masked", False),
                    "model_init_config": {
                        "num_heads": row["heads"],
                        "num_layers": row["layers"],
                        "dropout": row["dropout"],
                        "dim_feedforward": row.get("hidden", "auto"),
                    },
                },
            },
            "fusion": {"model_config": {"fc_task_dim": row.get("fusion", 256)}},
            "output": {"output_type_info": {"target_cat_columns": ["kind"]}},
        }
    )


def noise(folder: Path, files: int, length: int, classes: int) -> PackedDataset:
    """So many files of random bytes, a class for each."""
    draw = random.Random(7)
    with PackWriter(folder) as writer:
        for number in range(files):
            writer.add(f"{number:06d}", f"{number:06d}.bin", [draw.randbytes(length)])
        names = [f"{number:06d}" for number in range(files)]
        return writer.finish(LabelTable.of(names, {"kind": [f"c{number % classes}" for number in range(files)]}))


def peak_of(work: Callable[[], None]) -> tuple[int, int]:
    """What `work` adds at its peak, in bytes, to what a fork of this process holds before; the pages of files it holds.

    A fork begins with less than its parent: pages of files count anew once they are touched. How many come with a
    touched one depends on how the file lies in the kernel's cache (of an installation just written, 100 MB more); no
    limit counts them.
    """
    hears, says = os.pipe()
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        before = resident_bytes()
        work()
        os.write(says, f"{peak_bytes(os.getpid()) - before} {mapped_bytes()}".encode())
        os._exit(0)
    os.close(says)
    with os.fdopen(hears, "rb") as pipe:
        said = pipe.read()
    if os.waitpid(child, 0)[1] or not said:
        raise RuntimeError("a measured program failed")
    added, mapped = map(int, said.split())
    return added, mapped


def resident_bytes() -> int:
    """What this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def mapped_bytes() -> int:
    """Pages of files that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[2]) * os.sysconf("SC_PAGE_SIZE")


def train_steps(config: RunConfig, dataset: PackedDataset, batch: int, threads: int, folder: Path) -> None:
    """Three steps, then what a validation and both kinds of checkpoint do."""
    from models.config import PlanRequest
    from models.training.build import open_job
    from models.training.device import torch_as_planned
    from models.training.evaluate import evaluate
    from models.training.loop import step
    from models.training.plan import choose_for_device
    from models.training.state import save_model, save_state

    plan = choose_for_device(config, dataset, request=PlanRequest(steps=4, batch=batch, threads=threads))
    with torch_as_planned(plan):
        job = open_job(config, dataset, plan, folder)
        for _ in range(3):
            step(job)
        batches = job.batches.in_order(job.files.valid, batch)
        job.state.last = evaluate(job.state.model, job.state.objective, batches, job.targets, config)
        save_model(job.state, job.identity, folder)
        save_state(job.state, job.identity, folder)


def predict(config: RunConfig, targets: list[TargetSpec], batch: int, threads: int) -> None:
    """Three batches of predictions; of a model that reads whole files, of files ten times as long as a piece."""
    import numpy as np
    import torch

    from models.nn.registry import build_network

    torch.set_num_threads(threads)
    model = build_network(config, targets).eval()
    length = config.input.input_type_info.max_length * (10 if model.whole else 1)
    draw = np.random.default_rng(7)
    with torch.inference_mode():
        for _ in range(3):
            model.answer(draw.integers(256, size=(batch, length), dtype=np.uint8))


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--only", nargs="+", default=[""], help="rows whose name holds one of these words")
    options.add_argument("--json", type=Path, help="also write the figures into this file")
    asked = options.parse_args()
    wait_without_spinning()
    import models.inference.predictor
    import models.training.plan  # noqa: F401  (what a training process loads)

    held = resident_bytes()
    expected = PROCESS_BYTES["cpu"] / MB
    print(f"a process with torch loaded: {held / MB:.0f} MB (of {expected:.0f} expected: the rest comes with use)\n")
    print("| what | train MB | expected | ratio | predict MB | expected | ratio |\n|---|---|---|---|---|---|---|")
    found = []
    for name, row in ROWS.items():
        if not any(word in name for word in asked.only):
            continue
        config, batch, threads, began = config_of(row), row["batch"], row.get("threads", 2), time.monotonic()
        classes, valid = row.get("classes", 2), row.get("valid", row["batch"])
        targets = [TargetSpec("kind", "categorical", [f"c{i}" for i in range(classes)])]
        load = Load(batch=batch, threads=threads, validation=valid, data_bytes=0)
        with tempfile.TemporaryDirectory() as folder:
            length = row["length"] if "size" in row else min(row["length"], 4096)
            dataset = noise(Path(folder) / "pack", 2 * batch + valid, length, classes)
            out = Path(folder) / "out"
            added, train_mapped = peak_of(lambda: train_steps(config, dataset, batch, threads, out))  # noqa: B023  (called at once)
        took = held + added
        predicts, predict_mapped = peak_of(lambda: predict(config, targets, batch, threads))  # noqa: B023
        train_bytes = memory_bytes(config, targets, load)
        serve_bytes = predicting_bytes(config, targets, batch, threads=threads, data_bytes=0)
        figures = (took, train_bytes, predicts, serve_bytes)
        mapped = (train_mapped, predict_mapped)
        found.append({"name": name, **row, "threads": threads, "figures": figures, "mapped": mapped})
        print(
            f"| {name} | {took / MB:.0f} | {train_bytes / MB:.0f} | {train_bytes / took:.2f} "
            f"| {predicts / MB:.0f} | {serve_bytes / MB:.0f} | {serve_bytes / predicts:.2f} |",
            flush=True,
        )
        print(f"  {time.monotonic() - began:.0f} s", file=sys.stderr)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
