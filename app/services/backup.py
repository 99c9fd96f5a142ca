"""A copy of everything, made while the service runs, and its way back: the database and the blobs that its rows name.

Blobs never change, and each is there before its row. So: copy the blobs, which takes long; then the database, as it is
at one moment; then the blobs that came meanwhile. Every row of the copy then has its blob, but for those that were new
at the first copying and removed before the second had come to them: they are told.
"""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.db import blobs
from app.db.engine import Database
from app.services.datasets.view import storage_key
from app.storage import FolderStorage, Storage

DATABASE, BLOBS = "octet.db", "storage"
ROOMS = ("datasets", "said", "runs", "predictions")


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds, or what was restored from it. missing: keys that rows name and that are not there."""

    blobs: int
    size_bytes: int
    missing: list[str]


class NoBackup(ValueError):
    """A folder is no backup, or the place to restore to is not empty."""


def back_up(db: Database, storage: Storage, folder: Path) -> Copied:
    """Copy a SQLite database and the blobs into a folder; one that holds an earlier backup is brought up to date.

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copies = FolderStorage(folder / BLOBS)
    _copy(storage, copies)
    unfinished = folder / f"{DATABASE}.part"
    unfinished.unlink(missing_ok=True)
    db.snapshot(unfinished)
    _copy(storage, copies)
    os.replace(unfinished, folder / DATABASE)
    os.sync()  # before that, a power cut would leave names without bytes
    return _checked(folder / DATABASE, copies)


def restore(folder: Path, database: Path, storage_dir: Path) -> Copied:
    """Bring a backup back to a place where nothing is. The database comes last: without it, nothing was restored.

    Raises NoBackup, OSError.
    """
    if not (folder / DATABASE).is_file():
        raise NoBackup(f"{folder} has no {DATABASE}: name a folder that `octet backup` made")
    for place in (database, storage_dir):
        if place.is_file() or (place.is_dir() and any(place.iterdir())):
            raise NoBackup(f"{place} is there already: restore into an empty data directory")
    storage = FolderStorage(storage_dir)
    _copy(FolderStorage(folder / BLOBS), storage)
    database.parent.mkdir(parents=True, exist_ok=True)
    unfinished = database.with_name(f"{database.name}.part")
    shutil.copyfile(folder / DATABASE, unfinished)
    os.replace(unfinished, database)
    os.sync()
    return _checked(database, storage)


def _copy(source: Storage, target: Storage) -> None:
    """Copy what is not there yet. Bytes of a key never change, or they grow: one that is there in its size is there."""
    for room in ROOMS:
        known = {blob.key: blob.size_bytes for blob in target.listing(room)}
        for blob in source.listing(room):
            if known.get(blob.key) == blob.size_bytes:
                continue
            with suppress(FileNotFoundError):  # removed since it was listed
                _copy_one(source.local(blob.key), target.local(blob.key))


def _copy_one(source: Path, target: Path) -> None:
    """A copy and no link: a backup on the same disk shall not share its bytes with what it is the backup of."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.tmp")
    try:
        shutil.copyfile(source, unfinished)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _checked(database: Path, storage: Storage) -> Copied:
    """What there is, and what rows miss."""
    db = Database(f"sqlite:///{database}")
    try:
        with db.reading() as tx:
            named = [*blobs.named_keys(tx), *(storage_key(digest) for digest in blobs.contents(tx))]
    finally:
        db.close()
    found = [blob for room in ROOMS for blob in storage.listing(room)]
    missing = sorted(key for key in named if not storage.exists(key))
    return Copied(len(found), sum(blob.size_bytes for blob in found), missing)
