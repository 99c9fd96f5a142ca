"""`octet predict`: what a model sees in one file, in a whole folder, or in a data set of the service."""

import csv
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from app.cli.completion import dataset_names, model_names, prediction_ids, run_ids
from app.cli.endings import Ending, Failed
from app.cli.jobs import fetch, predict_dataset, predict_folder
from app.cli.paths import GivenPath
from app.cli.screen import count, err, note, out, print_json, size
from octet import Answer, Client, Prediction
from octet.uploads import readable

# One request carries so many files and bytes at most; a larger file goes alone.
BATCH_FILES = 64
BATCH_BYTES = 16 << 20
SHOWN_CLASSES = 8
TABLES = {".csv", ".parquet", ".txt", ""}
JUNK = {".DS_Store", "Thumbs.db", "__MACOSX"}

Batch = list[tuple[str, Path]]


@click.command(short_help="Ask a model about files.")
@click.argument("paths", nargs=-1, type=GivenPath(exists=True), metavar="FILE|FOLDER...")
@click.option("--run", shell_complete=run_ids, help="A run's id.")
@click.option(
    "--model",
    shell_complete=model_names,
    help="A name of the registry, or of a run.  [default: the registry's default, or the newest run]",
)
@click.option(
    "--dataset",
    shell_complete=dataset_names,
    help="In place of files: a data set of the service, predicted there; with --out.",
)
@click.option(
    "--prediction",
    shell_complete=prediction_ids,
    help="In place of files: a prediction that was started earlier; with --out.",
)
@click.option(
    "--out", "target", type=GivenPath(dir_okay=False), help="Write a CSV there, or Parquet when it ends in .parquet."
)
@click.option("--json", "as_json", is_flag=True, help="Print the answers as JSON.")
def predict(
    paths: tuple[Path, ...],
    run: str | None,
    model: str | None,
    dataset: str | None,
    prediction: str | None,
    target: Path | None,
    as_json: bool,
) -> int:
    """Ask a model about a file, or about every file of a folder.

    \b
    octet predict review.txt
    octet predict inbox/ --run RUN --out predictions.csv
    octet predict --dataset inbox --model sentiment --out predictions.parquet

    For one file the answer is printed in words. For several, or with --out, it is a CSV: the file, how unlike the
    training data it is (0 to 1, where the model can tell), for each target its label or value, and for each class its
    probability. A --dataset is predicted by a job of the service, which goes on when this command ends; so is a folder
    if --out is a Parquet file.
    """
    if run and model:
        raise Failed("give --run or --model, not both")
    if as_json and (target or dataset or prediction):
        raise Failed("--json prints the answers for files; leave it out where --out writes a table")
    if prediction and (run or model):
        raise Failed("--prediction has its run and checkpoint already; leave out --run and --model")
    if target is not None and target.suffix.lower() not in TABLES:
        raise Failed(f"{target}: the answers are written as CSV (.csv) or Parquet (.parquet), not as {target.suffix}")
    if target is not None and not target.absolute().parent.is_dir():  # before hours of work
        raise Failed(f"{target}: there is no folder {target.parent}", Ending.FAILED)
    if sum(map(bool, (paths, dataset, prediction))) != 1:
        raise Failed("give files or a folder, or --dataset NAME, or --prediction ID: one of them")
    with Client() as client:
        if dataset or prediction or _wants_parquet(target):
            return _as_job(client, paths, run, model, dataset, prediction, target)
        if len(paths) == 1 and paths[0].is_file() and target is None:
            answer = client.predict(paths[0], run=run, model=model)
            print_json(answer.model_dump()) if as_json else _print_one(paths[0], answer)
            return Ending.DONE
        files, left_out = _files_of(paths, target)
        if not files:
            raise Failed("there is no file with anything in it")
        with _shown(len(files)) as advance:
            answers = _ask(client, files, run, model, advance)
            if as_json:
                print_json([answer.model_dump() for answer in answers])
                failed = 0
            else:
                failed = _write_csv(answers, target)
    for name in left_out:
        note(f"left out, because it is empty: {name}")
    if target is not None:
        note(f"{count(len(files), 'file')} -> {target}")
    return Ending.FAILED if left_out or failed else Ending.DONE


def _wants_parquet(target: Path | None) -> bool:
    return target is not None and target.suffix.lower() == ".parquet"


def _as_job(
    client: Client,
    paths: tuple[Path, ...],
    run: str | None,
    model: str | None,
    dataset: str | None,
    prediction: str | None,
    target: Path | None,
) -> Ending:
    if target is None:
        raise Failed("--out is missing: where shall the answers go? For example --out predictions.csv")
    if prediction:
        return fetch(client, prediction, target)
    if dataset:
        return predict_dataset(client, dataset, run, model, target)
    if len(paths) != 1 or not paths[0].is_dir():
        raise Failed("Parquet is written for one folder, or a --dataset; for files, write a CSV")
    return predict_folder(client, paths[0], run, model, target)


def _files_of(paths: Sequence[Path], target: Path | None) -> tuple[Batch, list[str]]:
    """(name, path) of every file but the target, by name, and the names of empty ones.

    A name is the path inside its folder, or the whole path where several are given: two folders may hold one name.
    """
    found: Batch = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not JUNK & set(p.parts))
            names = [p.relative_to(path) if len(paths) == 1 else p for p in inside]
            found += [(readable(name.as_posix()), p) for name, p in zip(names, inside, strict=True)]
        else:
            found.append((readable(path.as_posix()), path))
    if target is not None and target.exists():
        kept = [(name, path) for name, path in found if not path.samefile(target)]
        if len(kept) < len(found):
            note(f"not predicted: {target}, where the answers go")
        found = kept
    empty = [name for name, path in found if path.stat().st_size == 0]
    return [(name, path) for name, path in found if path.stat().st_size], empty


def batches(files: Batch) -> Iterator[Batch]:
    """The files in requests of bearable size, in their order."""
    held: Batch = []
    total = 0
    for name, path in files:
        length = path.stat().st_size
        if held and (len(held) == BATCH_FILES or total + length > BATCH_BYTES):
            yield held
            held, total = [], 0
        held.append((name, path))
        total += length
    if held:
        yield held


def _ask(
    client: Client, files: Batch, run: str | None, model: str | None, advance: Callable[[int], None]
) -> Iterator[Prediction]:
    checkpoint: int | None = None
    for batch in batches(files):
        answers = client.predict_many(batch, run=run, model=model, checkpoint=checkpoint)
        advance(len(answers))
        # Later requests ask the weights that answered the first: a default or a run's best may change in between.
        used = next((answer for answer in answers if answer.run and answer.checkpoint), None)
        if used is not None and used.checkpoint is not None:
            run, model, checkpoint = used.run, None, used.checkpoint["step"]
        # A form quotes some characters of a name, and the service tells it as it came: our own names are the true.
        yield from (answer.model_copy(update={"name": name}) for answer, (name, _) in zip(answers, batch, strict=True))


def _write_csv(answers: Iterator[Prediction], target: Path | None) -> int:
    """One row per answer; how many files had none. A file is written whole or not at all."""
    if target is None:
        return _rows(answers, sys.stdout)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("x", newline="", encoding="utf-8") as file:
            failed = _rows(answers, file)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return failed


def _rows(answers: Iterator[Prediction], file: TextIO) -> int:
    writer: Any = None
    failed = flagged = 0
    for answer in answers:
        if answer.error:
            failed += 1
            note(f"{answer.name}: {answer.error.get('detail')}")
        columns = [("file", answer.name or "")]
        if (unlike := answer.unlike_training) is not None:
            columns.append(("unlike_training", f"{unlike.score:.6g}"))
            flagged += unlike.flag
        for target, seen in answer.answers().items():
            columns += _cells(target, seen)
        cells = dict(columns)
        if len(cells) < len(columns):
            twice = next(name for name, found in Counter(name for name, _ in columns).items() if found > 1)
            raise Failed(f"two columns of the CSV would be called {twice!r}; take the answers as JSON: --json")
        if writer is None and not answer.error:
            writer = csv.DictWriter(file, list(cells), lineterminator="\n", restval="")
            writer.writeheader()
        if writer is not None:
            writer.writerow(cells)
    if flagged:
        note(f"{count(flagged, 'file')} unlike the training data (unlike_training above 0.99): do not trust the answer")
    return failed


def _cells(target: str, answer: Answer) -> list[tuple[str, str]]:
    """Column and cell: the answer, then each class's probability."""
    if answer.probabilities is None:
        return [(target, repr(answer.value))]
    classes = [(f"{target}:{name}", f"{share:.6g}") for name, share in answer.probabilities.items()]
    return [(target, answer.label or ""), *classes]


def _print_one(path: Path, answer: Prediction) -> None:
    console = out()
    step = (answer.checkpoint or {}).get("step")
    length, seen_bytes = answer.bytes or 0, answer.read or 0
    read = f", {size(seen_bytes)} of it read" if seen_bytes < length else ""
    console.print(Text(f"{path.name} ({size(length)}{read}) by run {answer.run} at step {step}", "dim"))
    if (unlike := answer.unlike_training) is not None and unlike.flag:
        console.print(Text("! unlike the training data: do not trust this answer", "bold yellow"))
    for target, seen in answer.answers().items():
        if seen.probabilities is None:
            console.print(Text(f"{target}: ") + Text(f"{seen.value:.6g}", "bold green"))
            continue
        console.print(Text(f"{target}: ") + Text(seen.label or "", "bold green"))
        ranked = sorted(seen.probabilities.items(), key=lambda pair: -pair[1])
        for name, probability in ranked[:SHOWN_CLASSES]:
            console.print(Text(f"  {probability:7.2%} {'█' * round(probability * 20):<20} {name}"))


@contextmanager
def _shown(total: int) -> Iterator[Callable[[int], None]]:
    console = err()
    if not console.is_terminal:
        yield lambda n: None
        return
    columns = (TextColumn("predicting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda n: progress.advance(task, n)
