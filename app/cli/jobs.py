"""`octet predict --dataset`: a prediction over a data set as a job of the service, followed live and written down."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.data import refuse_nothing, said_of, sending
from app.cli.endings import Ending, Failed
from app.cli.screen import count, err, note, size
from octet import Client, Dataset, DatasetPrediction, OctetError, Unreachable
from octet.client import data_set_name

SHOWN_LETTERS = 60
"""So much of a folder's name stands in the name of its data set."""


def predict_dataset(client: Client, dataset: str, run: str | None, model: str | None, target: Path) -> Ending:
    """Queue it, follow it, write the result."""
    job = client.predictions.submit(dataset, run=run, model=model)
    step = (job.checkpoint or {}).get("step")
    files = count(job.progress.files, "file")
    with _leaving_alone(job.id, target):
        note(f"prediction {job.id}: {files} of {job.dataset} by run {job.run} at step {step}")
        job = _followed(client, job.id)
    return _written(client, job, target)


def predict_folder(client: Client, folder: Path, run: str | None, model: str | None, target: Path) -> Ending:
    """Upload a folder as a data set of its own, then the same; the data set goes when the prediction has ended.

    Ending.FAILED where the service left files out. After Ctrl-C the data set stays, since the prediction goes on.
    """
    refuse_nothing(folder)
    name = _passing_name(folder)
    removal = f"octet datasets delete {name}"
    if target.exists() and target.resolve().is_relative_to(folder.resolve()):
        note(f"not predicted: {target}, where the answers go")
    try:
        with sending(name) as on_sent:
            found = client.upload(folder, name=name, leave_out=[target], on_sent=on_sent)
    except KeyboardInterrupt:
        note(f"should all of it have arrived already, the data set stays until: {removal}")
        raise
    note(f"data set {name}: {count(found.files, 'file')}, {size(found.bytes)}")
    try:
        left_out = _left_out(client, found)
        ending = predict_dataset(client, found.id, run, model, target)
    except KeyboardInterrupt:
        note(f"the data set stays, too; remove it when the prediction has ended: {removal}")
        raise
    except Exception:
        _remove(client, found, removal)
        raise
    _remove(client, found, removal)
    return Ending.FAILED if left_out else ending


def fetch(client: Client, prediction_id: str, target: Path) -> Ending:
    """Follow a prediction to its end, write the result."""
    with _leaving_alone(prediction_id, target):
        job = _followed(client, prediction_id)
    return _written(client, job, target)


@contextmanager
def _leaving_alone(prediction_id: str, target: Path) -> Iterator[None]:
    """Within it, Ctrl-C and a lost service leave the prediction alone, and how to come back to it is said."""
    try:
        yield
    except (KeyboardInterrupt, Unreachable):
        back = _back(prediction_id, target)
        note(f"it goes on in the service; come back with: {back}   Stop it: octet predictions cancel {prediction_id}")
        raise


def _back(prediction_id: str, target: Path) -> str:
    return f"octet predict --prediction {prediction_id} --out {quote(str(target))}"


def _written(client: Client, job: DatasetPrediction, target: Path) -> Ending:
    """Write the result of a prediction that has ended. Raises Failed where there is none."""
    if job.status != "succeeded":
        why = (job.error or {}).get("detail") or "it was cancelled"
        ending = Ending.CANCELLED if job.status == "cancelled" else Ending.FAILED
        raise Failed(f"prediction {job.id} {job.status}: {why}", ending)
    try:
        client.predictions.download(job.id, target)
    except (KeyboardInterrupt, Unreachable, OSError):
        note(f"the result stays in the service; fetch it with: {_back(job.id, target)}")
        raise
    note(f"{count(job.progress.files, 'file')} -> {target}")
    return Ending.DONE


def _passing_name(folder: Path) -> str:
    """A name that no other data set has, and that a shell and the service take as it stands."""
    readable = re.sub(r"[^\w.-]+", "-", data_set_name(folder))[:SHOWN_LETTERS].strip("-.")
    return f"{readable or 'folder'}-to-predict-{secrets.token_hex(4)}"


def _left_out(client: Client, dataset: Dataset) -> bool:
    """Say which files the service left out, all of them; whether there are any."""
    if not dataset.problem_counts:
        return False
    for problem in client.dataset_problems(dataset.id):
        note(f"  {said_of(problem)}")
    return True


def _remove(client: Client, dataset: Dataset, removal: str) -> None:
    """Nobody asked for this data set: that it is in use still, or out of reach, ends no command."""
    try:
        client.delete_dataset(dataset.id)
    except OctetError:
        note(f"its data set is still there; remove it when the prediction has ended: {removal}")


def _followed(client: Client, prediction_id: str) -> DatasetPrediction:
    console = err()
    columns = (TextColumn("predicting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        for job in client.predictions.watch(prediction_id):
            progress.update(task, completed=job.progress.done, total=job.progress.files)
    return job
