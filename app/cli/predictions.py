"""`octet predictions`: list, show, cancel, delete. What they answered is written by `octet predict --prediction`."""

from typing import Any

import click
from rich.text import Text

from app.cli.completion import prediction_ids
from app.cli.endings import Ending, Failed
from app.cli.options import as_json
from app.cli.runs import not_ended
from app.cli.screen import duration, note, out, print_json, print_table, say_removed
from octet import Client, DatasetPrediction, Refused


@click.group()
def predictions() -> None:
    """List, show, cancel and delete predictions over data sets. Without an id, the newest is shown."""


@predictions.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="The newest so many.")
@as_json
def list_predictions(limit: int, as_json: bool) -> None:
    """List the newest predictions.

    \b
    octet predictions list
    """
    with Client() as client:
        found = client.predictions.list(limit)
    if as_json:
        print_json([job.model_dump() for job in found])
        return
    columns = ("prediction", "name", "status", "files", "run")
    print_table(columns, [(job.id, job.name or "", job.status, _files(job), job.run or "") for job in found])


@predictions.command()
@click.argument("prediction", required=False, shell_complete=prediction_ids)
@as_json
def show(prediction: str | None, as_json: bool) -> None:
    """Show one prediction: state, model, result.

    \b
    octet predictions show PREDICTION
    """
    with Client() as client:
        job = _named(client, prediction)
    if as_json:
        print_json(job.model_dump())
        return
    step, left = (job.checkpoint or {}).get("step"), job.progress.eta_s
    forms = [f"{form} ({one.get('size_bytes', 0):,} bytes)" for form, one in (job.result or {}).items()]
    rows: list[tuple[str, Any]] = [
        ("prediction", job.id),
        ("name", job.name),
        ("status", job.status),
        ("files", _files(job)),
        ("left", duration(left) if left is not None and not job.ended else None),
        ("run", f"{job.run} at step {step}" if job.run else None),
        ("data set", job.dataset),
        ("attempt", job.attempt),
        ("result", f"{', '.join(forms)}: octet predict --prediction {job.id} --out FILE" if forms else None),
        ("error", f"{job.error.get('title')}: {job.error.get('detail')}" if job.error else None),
    ]
    for name, value in rows:
        if value:
            out().print(Text(f"{name:<10}", "bold"), Text(str(value)))


@predictions.command()
@click.argument("prediction", shell_complete=prediction_ids)
@as_json
def cancel(prediction: str, as_json: bool) -> None:
    """Stop a prediction.

    \b
    octet predictions cancel PREDICTION
    """
    with Client() as client:
        job = client.predictions.cancel(prediction)
    print_json(job.model_dump()) if as_json else note(f"prediction {job.id} is {job.status}")


@predictions.command()
@click.argument("prediction", shell_complete=prediction_ids)
@as_json
def delete(prediction: str, as_json: bool) -> None:
    """Remove a prediction that has ended, with its result.

    \b
    octet predictions delete PREDICTION
    """
    with Client() as client:
        try:
            client.predictions.delete(prediction)
        except Refused as refused:
            if refused.status == 409 and not (job := client.predictions.get(prediction)).ended:
                raise Failed(not_ended("prediction", job), Ending.REFUSED) from refused
            raise
    say_removed("prediction", [prediction], as_json)


def _named(client: Client, prediction: str | None) -> DatasetPrediction:
    if prediction is not None:
        return client.predictions.get(prediction)
    newest = client.predictions.list(limit=1)
    if not newest:
        raise Failed("there are no predictions yet; make one with: octet predict --dataset", Ending.REFUSED)
    return newest[0]


def _files(job: DatasetPrediction) -> str:
    return f"{job.progress.done:,}/{job.progress.files:,}"
