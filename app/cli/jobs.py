"""`octet predict --dataset`: a prediction over a data set as a job of the service, followed live and written down."""

from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.endings import Ending, Failed
from app.cli.screen import count, err, note
from octet import Client, DatasetPrediction
from octet.client import data_set_name


def predict_dataset(client: Client, dataset: str, run: str | None, model: str | None, target: Path) -> Ending:
    """Queue it, follow it, write the result."""
    job = client.predictions.submit(dataset, run=run, model=model)
    step = (job.checkpoint or {}).get("step")
    note(f"prediction {job.id}: {count(job.progress.files, 'file')} of {job.dataset} by run {job.run} at step {step}")
    return fetch(client, job.id, target)


def predict_folder(client: Client, folder: Path, run: str | None, model: str | None, target: Path) -> Ending:
    """Upload a folder as a data set without labels, then the same. What is there already is used again."""
    name = f"{data_set_name(folder)}-to-predict"
    found = client.upload(folder, name=name)
    note(f"data set {found.name}: {count(found.files, 'file')}")
    return predict_dataset(client, found.id, run, model, target)


def fetch(client: Client, prediction_id: str, target: Path) -> Ending:
    """Follow a prediction to its end, write the result."""
    try:
        job = _followed(client, prediction_id)
    except KeyboardInterrupt:
        note(f"it goes on in the service; come back with: octet predict --prediction {prediction_id} --out {target}")
        raise
    if job.status != "succeeded":
        why = (job.error or {}).get("detail") or "it was cancelled"
        ending = Ending.CANCELLED if job.status == "cancelled" else Ending.FAILED
        raise Failed(f"prediction {job.id} {job.status}: {why}", ending)
    client.predictions.download(job.id, target)
    note(f"{count(job.progress.files, 'file')} -> {target}")
    return Ending.DONE


def _followed(client: Client, prediction_id: str) -> DatasetPrediction:
    console = err()
    columns = (TextColumn("predicting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        for job in client.predictions.watch(prediction_id):
            progress.update(task, completed=job.progress.done, total=job.progress.files)
    return job
