"""`octet backup`, `octet restore`, `octet storage sweep`: what an operator does by hand, on the service's machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.endings import Ending, Failed
from app.cli.environment import service_settings
from app.cli.options import as_json
from app.cli.paths import GivenPath
from app.cli.screen import count, print_json, size

if TYPE_CHECKING:
    from app.services.backup import Copied
    from app.settings import Settings

data_dir_option = click.option(
    "--data-dir", type=GivenPath(file_okay=False), help="Of the service.  [default: OCTET_DATA_DIR or ./octet-data]"
)


@click.command()
@click.argument("folder", type=GivenPath(file_okay=False))
@data_dir_option
@as_json
def backup(folder: Path, data_dir: Path | None, as_json: bool) -> None:
    """Copy database and files of an embedded service into FOLDER, while it runs; again into it copies what is new.

    \b
    octet backup /backups/octet --data-dir ./octet-data
    """
    from app import by_hand

    with _told():
        copied = by_hand.back_up(_settings(data_dir), folder)
    _say(copied, f"{folder} holds", "disappeared while the backup was made", as_json)


@click.command()
@click.argument("folder", type=GivenPath(exists=True, file_okay=False))
@data_dir_option
@as_json
def restore(folder: Path, data_dir: Path | None, as_json: bool) -> None:
    """Bring a backup back into an empty data directory; `octet serve` then goes on with its queued and cut-off runs.

    \b
    octet restore /backups/octet --data-dir ./octet-data
    """
    from app import by_hand

    with _told():
        settings = _settings(data_dir)
        copied = by_hand.restore(settings, folder)
    _say(copied, f"{settings.data_dir} has", "missing in the backup", as_json)


@click.group()
def storage() -> None:
    """Look after the files of the service, on its machine."""


@storage.command("sweep")
@click.option("--dry-run", is_flag=True, help="Only list them.")
@data_dir_option
@as_json
def sweep_storage(dry_run: bool, data_dir: Path | None, as_json: bool) -> None:
    """Remove files that no row of the database names (older than OCTET_ORPHAN_AGE_S); the service may run.

    \b
    octet storage sweep --dry-run
    """
    from app import by_hand

    with _told():
        swept = by_hand.sweep_up(_settings(data_dir), dry_run=dry_run)
    if as_json:
        found = [{"key": orphan.key, "size_bytes": orphan.size_bytes} for orphan in swept.orphans]
        print_json({"files": found, "unfinished_bytes": swept.unfinished_bytes, "removed": swept.removed})
        return
    for orphan in swept.orphans:
        click.echo(f"{orphan.size_bytes:>15,}  {orphan.key}")
    done = "removed" if swept.removed else "would be removed"
    click.echo(f"{count(len(swept.orphans), 'file')}, {size(swept.size_bytes + swept.unfinished_bytes)}: {done}")


def _settings(data_dir: Path | None) -> "Settings":
    return service_settings() if data_dir is None else service_settings(data_dir=data_dir)


def _say(copied: "Copied", where: str, why_missing: str, as_json: bool) -> None:
    if as_json:
        print_json({"files": copied.blobs, "size_bytes": copied.size_bytes, "missing": copied.missing})
        return
    click.echo(f"{where} the database and {count(copied.blobs, 'file')}, {size(copied.size_bytes)}")
    for key in copied.missing:
        click.echo(f"missing: {key}")
    if copied.missing:
        click.echo(f"{count(len(copied.missing), 'file')} {why_missing}")


@contextmanager
def _told() -> Iterator[None]:
    """What is in the way, as a message."""
    from app.by_hand import NotByHand
    from app.embedded.faults import CannotServe

    try:
        yield
    except (NotByHand, CannotServe) as error:
        raise Failed(str(error), Ending.FAILED) from error
