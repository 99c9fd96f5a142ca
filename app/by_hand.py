"""What an operator does by hand beside the service, as the command line asks for it: sweep, back up, restore."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.db.engine import Database
from app.embedded.faults import usable
from app.embedded.places import data_directory
from app.parts import open_database
from app.services import backup
from app.services.sweep import Swept, sweep
from app.settings import Settings
from app.storage import FolderStorage


class NotByHand(Exception):
    """It cannot be done so; the text says how it can."""


def sweep_up(settings: Settings, *, dry_run: bool) -> Swept:
    """Remove, or only list, blobs that nobody owns, however many they are; the service may run.

    Raises NotByHand, CannotServe.
    """
    with _database(settings) as db:
        age_s = settings.limits.orphan_age_s
        return sweep(db, FolderStorage(settings.storage_dir), age_s=age_s, dry_run=dry_run, trusting=True)


def back_up(settings: Settings, folder: Path) -> backup.Copied:
    """Copy database and blobs; the service may run. Raises NotByHand, CannotServe, OSError."""
    _sqlite_file(settings)
    with _database(settings) as db:
        return backup.back_up(db, FolderStorage(settings.storage_dir), folder)


def restore(settings: Settings, folder: Path) -> backup.Copied:
    """Bring a backup back into an empty data directory. Raises NotByHand, CannotServe, OSError."""
    file = _sqlite_file(settings)
    with data_directory(settings.data_dir):
        try:
            return backup.restore(folder, file, settings.storage_dir)
        except backup.NoBackup as error:
            raise NotByHand(str(error)) from error


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    """The database of a service that is there; a wrong folder shall not become an empty service."""
    if settings.database_url.startswith("sqlite") and not _sqlite_file(settings).exists():
        raise NotByHand(f"{_sqlite_file(settings)} does not exist: name the data directory of a service (--data-dir)")
    database = usable(lambda: open_database(settings), "database", "OCTET_DATABASE_URL")
    try:
        usable(database.check_revision, "database", "OCTET_DATABASE_URL")
        yield database
    finally:
        database.close()


def _sqlite_file(settings: Settings) -> Path:
    prefix = "sqlite:///"
    if not settings.database_url.startswith(prefix):
        raise NotByHand(
            "OCTET_DATABASE_URL is no SQLite: pg_dump and a copy of OCTET_STORAGE_DIR, docs/guides/backup.md"
        )
    return Path(settings.database_url.removeprefix(prefix))
