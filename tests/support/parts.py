"""Opened parts for tests: a real database and a real folder, and a broker in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.db.engine import Database
from app.parts import Parts
from app.settings import ClockSettings, Settings
from app.storage import FolderStorage
from tests.support.broker import ListBroker


@contextmanager
def opened_parts(folder: Path, database_url: str, **clocks: Any) -> Iterator[Parts]:
    """Parts on a migrated database, closed at the end; `clocks` are fields of ClockSettings.

    A lease brings its heartbeat, so that a test names the one that it is about.
    """
    if "lease_s" in clocks:
        clocks.setdefault("heartbeat_s", clocks["lease_s"] / 4)
    settings = Settings(data_dir=folder / "data", database_url=database_url, clocks=ClockSettings(**clocks))
    for folder in (settings.incoming_dir, settings.storage_dir):
        folder.mkdir(parents=True, exist_ok=True)
    parts = Parts(settings, Database(database_url), FolderStorage(settings.storage_dir), ListBroker())
    parts.db.migrate()
    try:
        yield parts
    finally:
        parts.close()
