"""`octet runs`: list, show, watch, cancel, delete."""

from typing import Any

import click
from rich.text import Text

from app.cli.endings import Ending, Failed, ending_of
from app.cli.live import follow, leaving_alone
from app.cli.screen import duration, note, out, print_json, print_table, size
from octet import Client, DatasetPrediction, Refused, Run

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def runs() -> None:
    """List, show, watch, cancel and delete runs. RUN is a run's id; without one, the newest run is shown or watched."""


@runs.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="The newest so many.")
@as_json
def list_runs(limit: int, as_json: bool) -> None:
    """List the newest runs."""
    with Client() as client:
        found = client.runs(limit)
    if as_json:
        print_json([run.model_dump() for run in found])
        return
    columns = ("run", "name", "status", "steps", "best")
    print_table(columns, [(run.id, run.name or "", run.status, _steps(run), _best(run)) for run in found])


@runs.command()
@click.argument("run", required=False)
@as_json
def show(run: str | None, as_json: bool) -> None:
    """Show one run: state, best values, attempts."""
    with Client() as client:
        found = _named(client, run)
        attempts = client.attempts(found.id)
    if as_json:
        print_json({**found.model_dump(), "attempts": [attempt.model_dump() for attempt in attempts]})
        return
    left, split = found.progress.eta_s, (found.plan or {}).get("split") or {}
    rows: list[tuple[str, Any]] = [
        ("run", found.id),
        ("name", found.name),
        ("status", found.status),
        ("steps", _steps(found)),
        ("left", duration(left) if left is not None and not found.ended else None),
        ("best", _best(found)),
        ("split", f"{split['train']:,} train, {split['valid']:,} validate, {split['how']}" if split else None),
        *(("", words) for words in found.split_notes),
        ("error", f"{found.error.get('title')}: {found.error.get('detail')}" if found.error else None),
    ]
    for attempt in attempts:
        resumed = f", from step {attempt.resumed_from_step:,}" if attempt.resumed_from_step else ""
        held = f", {size(attempt.peak_memory_bytes)} at its peak" if attempt.peak_memory_bytes else ""
        rows.append((f"attempt {attempt.attempt}", f"{attempt.reason or 'running'}{resumed}{held}"))
    for name, value in rows:
        if value:
            out().print(Text(f"{name:<10}", "bold"), Text(str(value)))


@runs.command()
@click.argument("run", required=False)
def watch(run: str | None) -> int:
    """Follow a run to its end; Ctrl-C leaves it alone. The exit code is the run's (see octet --help)."""
    with Client() as client:
        found = _named(client, run)
        with leaving_alone(found):
            return ending_of(follow(client, found, out()))


@runs.command()
@click.argument("run")
def cancel(run: str) -> None:
    """Stop a run; what it has learnt so far stays."""
    with Client() as client:
        found = client.cancel(run)
    note(f"run {found.id} is {found.status}")


@runs.command()
@click.argument("run")
def delete(run: str) -> None:
    """Remove a run that has ended, with all that it left."""
    with Client() as client:
        try:
            client.delete_run(run)
        except Refused as refused:
            if refused.status == 409 and not (found := client.run(run)).ended:
                raise Failed(not_ended("run", found), Ending.REFUSED) from refused
            raise
    note(f"run {run} is removed")


def not_ended(kind: str, job: Run | DatasetPrediction) -> str:
    """Why a job cannot be removed yet, and the command that ends it."""
    return f"{kind} {job.id} is {job.status}; wait for its end, or stop it: octet {kind}s cancel {job.id}"


def _named(client: Client, run: str | None) -> Run:
    if run is not None:
        return client.run(run)
    newest = client.runs(limit=1)
    if not newest:
        raise Failed("there are no runs yet; start one with: octet train", Ending.REFUSED)
    return newest[0]


def _steps(run: Run) -> str:
    return f"{run.progress.step:,}/{run.progress.steps:,}" if run.progress.steps else ""


def _best(run: Run) -> str:
    best = run.best or {}
    average = best.get("average")
    if "step" not in best:
        return ""
    return f"step {best['step']:,}" + (f"  average {average:.4f}" if average is not None else "")
