"""The folders: can a blob be written, read and deleted, and is there room left."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.doctor.findings import Finding
from app.settings import Settings
from app.storage import FolderStorage

FEW_FILES = 10_000


def look_at_storage(settings: Settings) -> Sequence[Finding]:
    """A finding for each of the two folders."""
    return [
        _folder("data", settings.data_dir, "--data-dir or OCTET_DATA_DIR", settings),
        _folder("storage", settings.storage_dir, "OCTET_STORAGE_DIR", settings),
    ]


def _folder(name: str, folder: Path, setting: str, settings: Settings) -> Finding:
    known = folder
    while not known.exists():
        known = known.parent
    if not known.is_dir() or not os.access(known, os.W_OK | os.X_OK):
        todo = f"give the user of the service the right to write there, or choose another folder with {setting}"
        return Finding(name, "fail", f"{known} cannot be written", todo)
    if known == folder:
        try:
            _write_read_delete(folder)
        except OSError as error:
            todo = f"mend the disk, or choose another folder with {setting}"
            return Finding(name, "fail", f"{folder}: a blob could not be kept ({error.strerror or error})", todo)
    return _room(name, folder, known, settings.limits.disk_reserve_bytes)


def _write_read_delete(folder: Path) -> None:
    """Raises OSError. Leaves nothing behind."""
    content, key = secrets.token_bytes(65_536), f"doctor-{secrets.token_hex(8)}"
    storage = FolderStorage(folder)
    with tempfile.TemporaryDirectory(prefix=".doctor-", dir=folder) as scratch:
        source = Path(scratch) / "blob"
        source.write_bytes(content)
        try:
            storage.put(key, source)
            if storage.local(key).read_bytes() != content:
                raise OSError("it reads back other bytes than were written")
        finally:
            storage.delete(key)


def _room(name: str, folder: Path, known: Path, reserve: int) -> Finding:
    free, files = shutil.disk_usage(known).free, os.statvfs(known)
    missing = "" if known == folder else ", is not there yet and will be made"
    said = f"{folder}{missing}; {_size(free)} free"
    todo = "make room, or move to a larger disk; a full one costs the runs their checkpoints"
    if free < reserve:
        return Finding(name, "fail", f"{said}, less than the reserve of {_size(reserve)}: uploads are refused", todo)
    if free < 4 * reserve:
        return Finding(name, "warn", f"{said}, near the reserve of {_size(reserve)}", todo)
    if files.f_files and files.f_favail < FEW_FILES:
        return Finding(name, "warn", f"{said}, but only {files.f_favail} more files fit", todo)
    return Finding(name, "ok", said)


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
