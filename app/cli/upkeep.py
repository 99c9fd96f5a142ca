"""`octet backup`, `octet restore`, `octet storage sweep`: what an operator does by hand, on the service's machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.endings import Ending, Failed
from app.cli.environment import service_settings
from app.cli.paths import GivenPath
from app.cli.screen import size

if TYPE_CHECKING:
    from app.settings import Settings

data_dir_option = click.option(
    "--data-dir", type=GivenPath(file_okay=False), help="Of the service.  [default: OCTET_DATA_DIR or ./octet-data]"
)


@click.command()
@click.argument("folder", type=GivenPath(file_okay=False))
@data_dir_option
def backup(folder: Path, data_dir: Path | None) -> None:
    """Copy database and files of an embedded service into FOLDER, while it runs; again into it copies what is new.

    \b
    octet backup /backups/octet --data-dir ./octet-data
    """
    from app import by_hand

    with _told():
        copied = by_hand.back_up(_settings(data_dir), folder)
    click.echo(f"{folder} holds the database and {copied.blobs:,} files, {size(copied.size_bytes)}")
    _say_missing(copied.missing, "were removed while the backup was made")


@click.command()
@click.argument("folder", type=GivenPath(exists=True, file_okay=False))
@data_dir_option
def restore(folder: Path, data_dir: Path | None) -> None:
    """Bring a backup back into an empty data directory; `octet serve` then goes on with its queued and cut-off runs.

    \b
    octet restore /backups/octet --data-dir ./octet-data
    """
    from app import by_hand

    with _told():
        settings = _settings(data_dir)
        copied = by_hand.restore(settings, folder)
    click.echo(f"{settings.data_dir} has the database and {copied.blobs:,} files, {size(copied.size_bytes)}")
    _say_missing(copied.missing, "are missing in the backup")


@click.group()
def storage() -> None:
    """Look after the files of the service, on its machine."""


@storage.command("sweep")
@click.option("--dry-run", is_flag=True, help="Only list them.")
@data_dir_option
def sweep_storage(dry_run: bool, data_dir: Path | None) -> None:
    """Remove files that no row of the database names (older than OCTET_ORPHAN_AGE_S); the service may run.

    \b
    octet storage sweep --dry-run
    """
    from app import by_hand

    with _told():
        swept = by_hand.sweep_up(_settings(data_dir), dry_run=dry_run)
    for orphan in swept.orphans:
        click.echo(f"{orphan.size_bytes:>15,}  {orphan.key}")
    done = "are removed" if swept.removed else "would be removed"
    click.echo(f"{len(swept.orphans):,} files, {size(swept.size_bytes + swept.unfinished_bytes)}, {done}")


def _settings(data_dir: Path | None) -> "Settings":
    return service_settings() if data_dir is None else service_settings(data_dir=data_dir)


def _say_missing(missing: list[str], why: str) -> None:
    for key in missing:
        click.echo(f"missing: {key}")
    if missing:
        click.echo(f"{len(missing):,} files {why}")


@contextmanager
def _told() -> Iterator[None]:
    """What is in the way, as a message."""
    from app.by_hand import NotByHand
    from app.embedded.faults import CannotServe

    try:
        yield
    except (NotByHand, CannotServe) as error:
        raise Failed(str(error), Ending.FAILED) from error
