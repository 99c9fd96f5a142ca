"""The data of `octet train`: a folder or archive that is uploaded, or a data set that the service has."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from app.cli.endings import Ending, Failed
from app.cli.screen import count, err, note, one_line, size
from octet import Client, Dataset, Refused
from octet.client import data_set_name
from octet.uploads import OnSent

SHOWN_PROBLEMS = 5


def upload(
    client: Client,
    source: Path,
    labels: Path | None,
    name: str | None,
    *,
    id_column: str | None = None,
    folder_labels: str | None = None,
    name_option: str = "--dataset",
) -> Dataset:
    """Send the files and their labels; what is there already, with the same content, is used again.

    name_option: the command's option that would give them another name.
    """
    refuse_nothing(source)
    name = name or data_set_name(source)
    known = {dataset.name for dataset in client.datasets()}
    try:
        with sending(name) as on_sent:
            found = client.upload(
                source, labels, name, id_column=id_column, folder_labels=folder_labels, on_sent=on_sent
            )
    except Refused as refused:
        if refused.status != 409:
            raise
        mend = f"give this one another name: {name_option} {name}-2"
        raise Failed(
            f"the service has a data set called {name} with other content; {mend}", Ending.REFUSED
        ) from refused
    targets = ", ".join(f"{target} ({describe(found, target)})" for target in found.targets) or "no labels"
    again = " (was there already)" if name in known else ""
    note(f"data set {found.name}{again}: {count(found.files, 'file')}, {size(found.bytes)}; {targets}")
    _problems(found)
    return found


def refuse_nothing(source: Path) -> None:
    """Raise Failed for a folder without files, and OSError for one that cannot be read throughout."""

    def refuse(error: OSError) -> None:
        raise error

    if source.is_dir() and not any(names for _, _, names in os.walk(source, onerror=refuse)):
        raise Failed(f"there is no file in {source}")


def describe(dataset: Dataset, target: str) -> str:
    """'2 classes' or 'numbers'."""
    classes = dataset.targets[target].get("classes")
    return count(len(classes), "class").replace("classs", "classes") if classes else "numbers"


def find(client: Client, name: str) -> Dataset | None:
    """The service's data set of that name or id."""
    try:
        return client.dataset(name)
    except Refused as refused:
        if refused.status == 404:
            return None
        raise


def _problems(dataset: Dataset) -> None:
    for problem in dataset.problems[:SHOWN_PROBLEMS]:
        note(f"  {said_of(problem)}")
    if (more := sum(dataset.problem_counts.values()) - SHOWN_PROBLEMS) > 0:
        note(f"  and {count(more, 'problem')} more: octet datasets problems {dataset.name}")


def said_of(problem: dict[str, Any]) -> str:
    """One problem of a data set, on one line."""
    place = ", ".join(f"{key} {problem[key]}" for key in ("id", "row") if problem.get(key) is not None)
    detail = problem.get("detail", "")
    return one_line(f"{place}: {detail}" if place else detail)


@contextmanager
def sending(name: str) -> Iterator[OnSent | None]:
    """Shows how far an upload is, in a terminal."""
    console = err()
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"uploading {name}")

        def on_sent(sent: int, total: int) -> None:
            state = f"packing {name}" if sent == total else f"uploading {name}"
            progress.update(task, completed=sent, total=total, description=state)

        yield on_sent
