"""The learning machine without the service: train on a folder of files, predict with a checkpoint.

python -m models train CONFIG DATA OUT [--resume]
python -m models predict WEIGHTS FILE...
"""

import argparse
import json
import mmap
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any, Self

from models.config import (
    SHORT_FORM_BUDGET_S,
    ConfigError,
    RunRequest,
    choose_for_data,
    parse_request,
    read_body,
    read_trio,
)
from models.packed import FILES, PackedDataset, PackedError, pack
from models.threads import wait_without_spinning
from models.training.report import Outcome, TrainingError

ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst", ".tar.bz2", ".tbz2", ".zip")


class UsageError(ValueError):
    """Arguments that name nothing usable."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0 when all went well, 2 for what the user can mend, 130 after Ctrl-C."""
    arguments = _parser().parse_args(argv)
    wait_without_spinning()
    try:
        if arguments.command == "predict":
            return predict(arguments.weights, arguments.files)
        return train(arguments.config, arguments.data, arguments.out, resume=arguments.resume)
    except ConfigError as error:
        for fault in error.faults:
            print(f"{arguments.config}: {fault.pointer or '/'}: {fault.detail}", file=sys.stderr)
    except (PackedError, TrainingError, UsageError, OSError) as error:
        print(error, file=sys.stderr)
    return 2


def train(config: Path, data: Path, out: Path, *, resume: bool) -> int:
    """Train as CONFIG says on DATA; what comes of it lies in OUT. Ctrl-C stops with a checkpoint to resume from."""
    from models.training.build import open_job
    from models.training.device import default_device
    from models.training.loop import train as train_job
    from models.training.plan import Memory, choose_for_device
    from models.training.run_folder import RunFolder, planned_device

    request = _request(config, data)
    dataset = _dataset(data, out / "dataset")
    device = (planned_device(out) if resume else None) or default_device()
    chosen = choose_for_data(request, dataset.summary(), device)
    folder = RunFolder(out, chosen)
    plan, state = folder.go_on() if resume else (None, None)
    budget_s = chosen.max_runtime_s
    if budget_s is None and request.form == "short":
        budget_s = SHORT_FORM_BUDGET_S[device]
    if plan is None:
        folder.begin()
        memory = Memory(fewer_files=request.form == "short")
        plan = choose_for_device(
            chosen.config, dataset, request=request.plan, budget_s=budget_s, memory=memory, scratch=out
        )
    left_s = None if budget_s is None else budget_s - folder.used_s()
    job = open_job(chosen.config, dataset, plan, folder.checkpoints, resume=state, deadline_s=left_s)
    with _StopOnSignal() as stop:
        outcome = train_job(job, folder, stop)
    code = _said(outcome, folder.best(), config, data, out)
    for words in folder.warnings(outcome) if code == 0 else ():
        print(words, file=sys.stderr)
    return code


def predict(weights: Path, files: Sequence[Path]) -> int:
    """A JSON line for each file, as POST /predict answers it; 2 when a file could not be answered."""
    from models.inference.predictor import EmptyFileError, Predictor

    predictor, code = Predictor.load(weights), 0
    for path in files:
        try:
            size = path.stat().st_size
            found = predictor.predict([_content(path, None if predictor.whole else predictor.read(size))])[0]
        except (OSError, EmptyFileError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            code = 2
            continue
        answers = {target: asdict(answer) for target, answer in found.outputs.items()}
        line: dict[str, Any] = {"file": str(path), "bytes": size, "read": found.read}
        if found.unlike is not None:
            line["unlike_training"] = asdict(found.unlike)
        print(json.dumps({**line, "outputs": {predictor.output_name: answers}}), flush=True)
    return code


def _content(path: Path, wanted: int | None) -> bytes | memoryview:
    """The first bytes of a file that are wanted, None for all; a very long file is mapped, not read."""
    from models.nn.spread import MOST_READ

    with path.open("rb") as file:
        if wanted is None and path.stat().st_size > MOST_READ:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return file.read(-1 if wanted is None else wanted)


class _StopOnSignal:
    """Within `with`: Ctrl-C or SIGTERM asks training to stop with a checkpoint; a second Ctrl-C ends it at once."""

    def __init__(self) -> None:
        self._signal: str | None = None

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        self._signal = signal.Signals(number).name
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def requested(self) -> str | None:
        """See models.training.report.Stop."""
        return self._signal


def _request(config: Path, data: Path) -> RunRequest:
    """The request in a file, or in a folder with EIR's files; DATA stands in for a data set that it does not name."""
    if config.is_dir():
        fusion = config / "fusion.yaml"
        trio = (config / "globals.yaml", config / "input.yaml", config / "output.yaml")
        body: Any = read_trio(*trio, fusion if fusion.exists() else None)
    else:
        body = read_body(config)
    if isinstance(body, dict) and not _names_data(body):
        body = {"dataset": data.resolve().name, **body}
    return parse_request(body)


def _names_data(body: dict[str, Any]) -> bool:
    """Whether the body of either form says which data set it is for."""
    inner: Any = body.get("input")
    inner = inner[0] if isinstance(inner, list) and inner else inner
    info = inner.get("input_info") if isinstance(inner, dict) else None
    return "dataset" in body or (isinstance(info, dict) and "input_source" in info)


def _dataset(data: Path, packed: Path) -> PackedDataset:
    """DATA as it is when it is a pack, else packed from labels.csv and its files. Raises UsageError and PackedError."""
    if all((data / name).exists() for name in FILES):
        return PackedDataset.open(data)
    if packed.exists():
        return PackedDataset.open(packed)
    labels, files = data / "labels.csv", data / "files"
    archives = [path for path in sorted(data.glob("*")) if path.name.endswith(ARCHIVES)]
    if not labels.exists() or not (files.is_dir() or len(archives) == 1):
        raise UsageError(
            f"{data}: no pack, and no folder with labels.csv and either files/ or one archive ({', '.join(ARCHIVES)})"
        )
    packed.parent.mkdir(parents=True, exist_ok=True)
    single = files.is_dir()
    found = pack(packed, labels=labels, files=files if single else None, archive=None if single else archives[0])
    for problem in found.problems:
        print(f"{data}: {problem.detail}", file=sys.stderr)
    return found.dataset


def _said(outcome: Outcome, best: Path | None, config: Path, data: Path, out: Path) -> int:
    """The last word of a training, and its exit code."""
    if outcome.reason == "stopped":
        print(
            f"stopped at step {outcome.step}; go on with: python -m models train {config} {data} {out} --resume",
            file=sys.stderr,
        )
        return 130
    print(f"{outcome.reason} at step {outcome.step}; the best checkpoint is {best}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models", description="Train on bytes and predict, without the service."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="train as CONFIG says on DATA")
    training.add_argument(
        "config",
        type=Path,
        help="YAML or JSON body of POST /runs, or a folder with globals.yaml, input.yaml, output.yaml",
    )
    training.add_argument(
        "data", type=Path, help="a pack, or a folder with labels.csv and either files/ or one archive"
    )
    training.add_argument("out", type=Path, help="folder for points, plan, time used and checkpoints")
    training.add_argument("--resume", action="store_true", help="go on with the run in OUT")
    predicting = commands.add_parser("predict", help="a JSON line for each FILE")
    predicting.add_argument("weights", type=Path, help="a best-*.safetensors file")
    predicting.add_argument("files", type=Path, nargs="+", metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
