"""`octet models`: the names of the registry: what stands for what, promotion, the way back."""

import click

from app.cli.completion import model_names, run_ids
from app.cli.options import as_json
from app.cli.screen import note, print_json, print_table, say_removed
from octet import Client, Model

Name = click.argument("name", shell_complete=model_names)


@click.group()
def models() -> None:
    """Names for trained runs: list, show, promote, roll back, delete.

    \b
    octet models promote sentiment RUN
    octet predict review.txt --model sentiment
    """


@models.command("list")
@as_json
def list_models(as_json: bool) -> None:
    """List the names and what they stand for.

    \b
    octet models list
    """
    with Client() as client:
        found = client.models.list()
    if as_json:
        print_json([model.model_dump() for model in found])
        return
    print_table(("name", "version", "run", "step"), [(m.name, str(m.version), m.run, f"{m.step:,}") for m in found])


@models.command()
@Name
@as_json
def show(name: str, as_json: bool) -> None:
    """Show every version of a name, the newest first; the one that answers is marked.

    \b
    octet models show sentiment
    """
    with Client() as client:
        found = client.models.get(name)
    if as_json:
        print_json(found.model_dump())
        return
    rows = [
        (str(v.version), v.run, f"{v.step:,}", v.created or "", "serves" if v.version == found.version else "")
        for v in found.versions
    ]
    print_table(("version", "run", "step", "promoted", ""), rows)


@models.command()
@Name
@click.argument("run", shell_complete=run_ids)
@click.option("--checkpoint", type=click.IntRange(0), metavar="STEP", help="One of its others, in place of the best.")
@as_json
def promote(name: str, run: str, checkpoint: int | None, as_json: bool) -> None:
    """Let a name stand for a run's best checkpoint; predictions use it within a second.

    The name `default` answers where a prediction names nothing.

    \b
    octet models promote sentiment RUN
    octet models promote sentiment RUN --checkpoint 1200
    """
    with Client() as client:
        _said(client.models.promote(name, run, checkpoint), as_json)


@models.command()
@Name
@as_json
def rollback(name: str, as_json: bool) -> None:
    """Let a name stand for what it stood for before.

    \b
    octet models rollback sentiment
    """
    with Client() as client:
        _said(client.models.roll_back(name), as_json)


@models.command()
@Name
@as_json
def delete(name: str, as_json: bool) -> None:
    """Remove a name and its history; the runs stay.

    \b
    octet models delete sentiment
    """
    with Client() as client:
        client.models.delete(name)
    say_removed("model", [name], as_json)


def _said(model: Model, as_json: bool) -> None:
    if as_json:
        print_json(model.model_dump())
    else:
        note(f"model {model.name} (version {model.version}) is run {model.run} at step {model.step:,}")
