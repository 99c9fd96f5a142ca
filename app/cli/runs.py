"""`octet runs`: list, show, watch, log, pause, resume, cancel, delete; compare and curve have files of their own."""

from typing import Any

import click
from rich.text import Text

from app.cli.compare import compare
from app.cli.completion import run_ids
from app.cli.curve import curve
from app.cli.endings import Ending, Failed, ending_of
from app.cli.live import follow, last, leaving_alone
from app.cli.newest import newest
from app.cli.options import as_json
from app.cli.screen import duration, note, out, print_json, print_table, say_removed, size
from octet import Client, DatasetPrediction, Refused, Run


@click.group()
def runs() -> None:
    """List, show, watch, compare, draw, pause, resume, cancel and delete runs, read their logs.

    RUN is a run's id; without one, the newest run is shown, watched, drawn or read.
    """


runs.add_command(compare)
runs.add_command(curve)


@runs.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="The newest so many.")
@as_json
def list_runs(limit: int, as_json: bool) -> None:
    """List the newest runs.

    \b
    octet runs list --limit 5
    octet runs list --json
    """
    with Client() as client:
        found = client.runs(limit)
    if as_json:
        print_json([run.model_dump() for run in found])
        return
    columns = ("run", "name", "status", "steps", "best")
    print_table(columns, [(run.id, run.name or "", run.status, _steps(run), _best(run)) for run in found])


@runs.command()
@click.argument("run", required=False, shell_complete=run_ids)
@as_json
def show(run: str | None, as_json: bool) -> None:
    """Show one run: state, best values, attempts.

    \b
    octet runs show
    octet runs show RUN --json
    """
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
        *(("warning", words) for words in found.warnings),
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
@click.argument("run", required=False, shell_complete=run_ids)
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON when it has ended.")
def watch(run: str | None, as_json: bool) -> int:
    """Follow a run to its end; Ctrl-C leaves it alone. The exit code is the run's (see octet --help).

    \b
    octet runs watch RUN
    octet runs watch RUN | tee run.log          plain lines in a pipe
    """
    with Client() as client:
        found = _named(client, run)
        with leaving_alone(found):
            found = last(client, found) if as_json else follow(client, found, out())
        if as_json:
            print_json(found.model_dump())
        return ending_of(found)


@runs.command()
@click.argument("run", required=False, shell_complete=run_ids)
@click.option("--attempt", type=click.IntRange(1), help="One attempt alone.  [default: all in order]")
@click.option("--tail", type=click.IntRange(1, 100_000), help="The last so many lines.")
def log(run: str | None, attempt: int | None, tail: int | None) -> None:
    """Print what the training of a run has said so far.

    \b
    octet runs log RUN --tail 20
    """
    with Client() as client:
        click.echo(client.log(_named(client, run).id, attempt=attempt, tail=tail), nl=False)


@runs.command()
@click.argument("run", shell_complete=run_ids)
@as_json
def pause(run: str, as_json: bool) -> None:
    """Let a run rest at a checkpoint; the machine is free for others until it is resumed.

    \b
    octet runs pause RUN
    """
    with Client() as client:
        found = client.pause(run)
    _said(found, f"let it go on: octet runs resume {found.id}", as_json)


@runs.command()
@click.argument("run", shell_complete=run_ids)
@as_json
def resume(run: str, as_json: bool) -> None:
    """Let a paused run go on, as if it had never paused.

    \b
    octet runs resume RUN
    """
    with Client() as client:
        found = client.resume(run)
    _said(found, f"watch it: octet runs watch {found.id}", as_json)


@runs.command()
@click.argument("run", shell_complete=run_ids)
@as_json
def cancel(run: str, as_json: bool) -> None:
    """Stop a run; what it has learnt so far stays.

    \b
    octet runs cancel RUN
    """
    with Client() as client:
        found = client.cancel(run)
    _said(found, "", as_json)


@runs.command()
@click.argument("run", shell_complete=run_ids)
@as_json
def delete(run: str, as_json: bool) -> None:
    """Remove a run that has ended, with all that it left.

    \b
    octet runs delete RUN
    """
    with Client() as client:
        try:
            client.delete_run(run)
        except Refused as refused:
            if refused.status == 409 and not (found := client.run(run)).ended:
                raise Failed(not_ended("run", found), Ending.REFUSED) from refused
            raise
    say_removed("run", [run], as_json)


def not_ended(kind: str, job: Run | DatasetPrediction) -> str:
    """Why a job cannot be removed yet, and the command that ends it."""
    return f"{kind} {job.id} is {job.status}; wait for its end, or stop it: octet {kind}s cancel {job.id}"


def _said(run: Run, onward: str, as_json: bool) -> None:
    """What became of a run, and the command that comes next."""
    if as_json:
        print_json(run.model_dump())
    else:
        note(f"run {run.id} is {run.status}" + (f"; {onward}" if onward else ""))


def _named(client: Client, run: str | None) -> Run:
    return newest(client) if run is None else client.run(run)


def _steps(run: Run) -> str:
    return f"{run.progress.step:,}/{run.progress.steps:,}" if run.progress.steps else ""


def _best(run: Run) -> str:
    best = run.best or {}
    average = best.get("average")
    if "step" not in best:
        return ""
    return f"step {best['step']:,}" + (f"  average {average:.4f}" if average is not None else "")
