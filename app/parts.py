"""The one place of wiring: what a process of the service is made of."""

from dataclasses import dataclass

from app.broker import Broker, open_broker
from app.db.engine import Database
from app.settings import Settings
from app.storage import FolderStorage, Storage


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that use cases work with. Whoever opened them closes them."""

    settings: Settings
    db: Database
    storage: Storage
    broker: Broker

    def close(self) -> None:
        """Give back connections; blobs and rows stay."""
        self.broker.close()
        self.db.close()


def open_database(settings: Settings) -> Database:
    """The database alone. Whoever opened it closes it."""
    if settings.database_url.startswith("sqlite"):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    # A third of a lease: a heartbeat that finds its connection dead, and a new one too, still fails in time.
    return Database(settings.database_url, silence_s=settings.clocks.lease_s / 3)


def open_parts(settings: Settings) -> Parts:
    """Open database, storage and broker as the settings say. Does not migrate: `parts.db.migrate()` does."""
    for folder in (settings.data_dir, settings.incoming_dir, settings.storage_dir):
        folder.mkdir(parents=True, exist_ok=True)
    return Parts(
        settings=settings,
        db=open_database(settings),
        storage=FolderStorage(settings.storage_dir),
        broker=open_broker(settings),
    )
