"""`octet datasets`: add, list, show, all that is wrong with one, and their removal."""

from pathlib import Path
from typing import Any

import click
from rich.text import Text

from app.cli import data
from app.cli.completion import dataset_names
from app.cli.endings import Failed
from app.cli.options import as_json
from app.cli.paths import GivenPath
from app.cli.screen import out, print_json, print_table, say_removed, size
from octet import Client

SHOWN_CLASSES = 12


@click.group()
def datasets() -> None:
    """Add, list, show and delete data sets, and read their problems. DATASET is a name or an id."""


@datasets.command()
@click.argument("source", type=GivenPath(exists=True), metavar="FOLDER|ARCHIVE")
@click.option("--labels", type=GivenPath(exists=True, dir_okay=False), help="Labels CSV (ID and a column per target).")
@click.option("--folder-labels", metavar="TARGET", help="Without --labels: folders are classes of TARGET.")
@click.option("--id-column", help="The column of IDs, when it is not called ID.")
@click.option("--name", help="Its name.  [default: that of the folder or archive]")
@as_json
def add(
    source: Path,
    labels: Path | None,
    folder_labels: str | None,
    id_column: str | None,
    name: str | None,
    as_json: bool,
) -> None:
    """Upload a folder or an archive as a data set; the same content again is used again.

    Without labels it is a data set to predict from.

    \b
    octet datasets add reviews/ --labels labels.csv
    octet datasets add photos.zip --folder-labels kind          photos/cats/..., photos/dogs/...
    octet datasets add inbox/ --name inbox-of-today
    """
    if labels and folder_labels:
        raise Failed("--labels and --folder-labels say the classes twice: give one of them")
    if id_column and not labels:
        raise Failed("--id-column belongs to a table: give --labels, too")
    how = {"id_column": id_column, "folder_labels": folder_labels}
    with Client() as client:
        found = data.upload(client, source, labels, name, name_option="--name", **how)
    print_json(found.model_dump()) if as_json else click.echo(found.id)


@datasets.command("list")
@as_json
def list_datasets(as_json: bool) -> None:
    """List the data sets, the newest first.

    \b
    octet datasets list
    """
    with Client() as client:
        found = client.datasets()
    if as_json:
        print_json([dataset.model_dump() for dataset in found])
        return
    rows = [(d.id, d.name, f"{d.files:,}", f"{d.bytes:,}", ", ".join(d.targets)) for d in found]
    print_table(("data set", "name", "files", "bytes", "targets"), rows)


@datasets.command()
@click.argument("dataset", shell_complete=dataset_names)
@as_json
def show(dataset: str, as_json: bool) -> None:
    """Show one data set: files, lengths, targets with their classes, and how many problems of each kind it has.

    \b
    octet datasets show reviews
    """
    with Client() as client:
        found = client.dataset(dataset)
    if as_json:
        print_json(found.model_dump())
        return
    lengths = ", ".join(f"{name} {value:,}" for name, value in found.lengths.items())
    problems = ", ".join(f"{kind} {number:,}" for kind, number in found.problem_counts.items())
    rows: list[tuple[str, Any]] = [
        ("data set", found.id),
        ("name", found.name),
        ("files", f"{found.files:,}"),
        ("bytes", f"{found.bytes:,}" + (f" ({size(found.bytes)})" if found.bytes >= 1000 else "")),
        ("lengths", lengths),
        *((f"target {name}", _target(target)) for name, target in found.targets.items()),
        ("ignored", f"{len(found.ignored):,}" if found.ignored else None),
        ("problems", f"{problems}: octet datasets problems {found.name}" if problems else None),
    ]
    for name, value in rows:
        if value:
            out().print(Text(f"{name:<10}", "bold"), Text(str(value)))


@datasets.command()
@click.argument("dataset", shell_complete=dataset_names)
@as_json
def problems(dataset: str, as_json: bool) -> None:
    """Every row and file that was not as it should be: all of them, in the order in which they were met.

    \b
    octet datasets problems reviews
    """
    with Client() as client:
        found = client.dataset_problems(dataset)
        if as_json:
            print_json(list(found))
            return
        rows = ((p["kind"], p["id"] or "", "" if p["row"] is None else str(p["row"]), p["detail"]) for p in found)
        print_table(("kind", "id", "row", "what"), rows)


@datasets.command()
@click.argument("datasets", nargs=-1, required=True, metavar="DATASET...", shell_complete=dataset_names)
@as_json
def delete(datasets: tuple[str, ...], as_json: bool) -> None:
    """Remove data sets that nothing uses; runs and predictions that have ended keep their results.

    \b
    octet datasets delete reviews inbox
    """
    with Client() as client:
        for dataset in datasets:
            client.delete_dataset(dataset)
            if not as_json:  # else the document tells of all of them
                say_removed("data set", [dataset], as_json)
    if as_json:
        say_removed("data set", datasets, as_json)


def _target(target: dict[str, Any]) -> str:
    classes = target.get("classes") or {}
    named = [f"{name} {classes[name]:,}" if isinstance(classes, dict) else str(name) for name in classes]
    more = f", and {len(named) - SHOWN_CLASSES:,} more" if len(named) > SHOWN_CLASSES else ""
    missing = f"; {target['missing']:,} missing" if target.get("missing") else ""
    shown = f": {', '.join(named[:SHOWN_CLASSES])}{more}" if named else ""
    return f"{target.get('type')}, {target.get('labelled', 0):,} labelled{missing}{shown}"
