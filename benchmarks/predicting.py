"""How fast a prediction over a data set is, and how much memory its process takes, whatever the number of files.

    .venv/bin/python -m benchmarks.predicting [--files 1000000] [--classes 10] [--length 64]

Packs files of 64 bytes, makes a checkpoint of a very small model (its weights are random: nothing here asks what it
says), runs the predicting process as the worker would, and prints files/s, sizes of the results and the peak of that
process's memory: its own while it predicts, and with the pages of mapped files (data set, parts) to its end. Linux.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from models.config import TargetSpec, load_config
from models.packed import LabelTable, PackWriter
from models.training import checkpoint
from worker.messages import Predicted, PredictionAssignment, Results, decode


def pack(folder: Path, files: int) -> None:
    """So many files of 64 bytes."""
    with PackWriter(folder) as writer:
        for at in range(files):
            writer.add(f"{at:08d}", f"{at:08d}", [at.to_bytes(8, "big") * 8])
        writer.finish(LabelTable.of((f"{at:08d}" for at in range(files)), {}))


def small_model(path: Path, classes: int, length: int) -> str:
    """A checkpoint of one layer; its digest."""
    from models.nn.eir.classifier import ByteClassifier

    body = {
        "dataset": "x",
        "globals": {},
        "input": {
            "input_info": {"input_source": "x", "input_name": "in", "input_type": "bytes"},
            "input_type_info": {"max_length": length},
            "model_config": {
                "model_type": "sequence-default",
                "embedding_dim": 16,
                "window_size": min(length, 64),
                "pool": "avg",
                "model_init_config": {"num_layers": 1, "num_heads": 2},
            },
        },
        "output": {
            "output_info": {"output_source": "x", "output_name": "out", "output_type": "tabular"},
            "output_type_info": {"target_cat_columns": ["kind"]},
        },
    }
    targets = [TargetSpec("kind", "categorical", [f"class {at:05d}" for at in range(classes)])]
    config = load_config(body)
    header = {"config": body, "targets": [target.to_dict() for target in targets], "step": 1}
    model = ByteClassifier(config, targets)
    return checkpoint.write(path, "octet-model", header, dict(model.state_dict()))[0]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--length", type=int, default=64)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        (work / "files").mkdir()
        pack(work / "pack", asked.files)
        given = PredictionAssignment(
            prediction_id="benchmark",
            attempt=1,
            checkpoint=work / "model.safetensors",
            digest=small_model(work / "model.safetensors", asked.classes, asked.length),
            dataset=work / "pack",
            folder=work / "files",
            parts=[],
            save_s=20.0,
            nice=10,
        )
        (work / "assignment.json").write_text(given.model_dump_json())
        measure(work, asked.files)


def measure(work: Path, files: int) -> None:
    """Run the process, print a row."""
    hears, says = os.pipe()
    command = [sys.executable, "-m", "worker.predicting", str(work / "assignment.json"), str(says)]
    began = time.monotonic()
    with (work / "log").open("w") as log:
        child = subprocess.Popen(command, pass_fds=(says,), stderr=log)
    os.close(says)
    predicted_s, peak, last = 0.0, 0, None
    with os.fdopen(hears, "rb") as lines:
        for line in lines:
            last = decode(line)
            if isinstance(last, Predicted):
                predicted_s = time.monotonic() - began
                peak = max(peak, _own_bytes(child.pid)) if last.done % 6400 == 0 else peak
    child.wait()
    assert isinstance(last, Results), (work / "log").read_text()
    whole_s = time.monotonic() - began
    end_peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    pace, join_s = files / predicted_s, whole_s - predicted_s
    csv, parquet = (path.stat().st_size / 1e6 for path in (last.csv, last.parquet))
    print(f"{files:,} files: {pace:,.0f} files/s, {predicted_s:.1f} s and {join_s:.1f} s to put the parts together")
    print(f"CSV {csv:.1f} MB, Parquet {parquet:.1f} MB")
    print(f"peak {peak / 1e6:.0f} MB of its own, {end_peak / 1e6:.0f} MB with mapped files")


def _own_bytes(pid: int) -> int:
    """Memory of its own: without the pages of mapped files, which the kernel takes back when it needs them."""
    said = Path(f"/proc/{pid}/status").read_text()
    return int(said.split("RssAnon:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main()
