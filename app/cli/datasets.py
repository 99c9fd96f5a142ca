"""`octet datasets`: list them, all that is wrong with one, and their removal."""

import click

from app.cli.runs import as_json
from app.cli.screen import note, print_json, print_table
from octet import Client


@click.group()
def datasets() -> None:
    """List data sets and their problems, delete them. DATASET is a name or an id."""


@datasets.command("list")
@as_json
def list_datasets(as_json: bool) -> None:
    """List the data sets, the newest first."""
    with Client() as client:
        found = client.datasets()
    if as_json:
        print_json([dataset.model_dump() for dataset in found])
        return
    rows = [(d.id, d.name, f"{d.files:,}", f"{d.bytes:,}", ", ".join(d.targets)) for d in found]
    print_table(("data set", "name", "files", "bytes", "targets"), rows)


@datasets.command()
@click.argument("dataset")
@as_json
def problems(dataset: str, as_json: bool) -> None:
    """Every row and file that was not as it should be: all of them, in the order in which they were met."""
    with Client() as client:
        found = client.dataset_problems(dataset)
        if as_json:
            print_json(list(found))
            return
        rows = ((p["kind"], p["id"] or "", "" if p["row"] is None else str(p["row"]), p["detail"]) for p in found)
        print_table(("kind", "id", "row", "what"), rows)


@datasets.command()
@click.argument("datasets", nargs=-1, required=True, metavar="DATASET...")
def delete(datasets: tuple[str, ...]) -> None:
    """Remove data sets that nothing uses; runs and predictions that have ended keep their results."""
    with Client() as client:
        for dataset in datasets:
            client.delete_dataset(dataset)
            note(f"data set {dataset} is removed")
