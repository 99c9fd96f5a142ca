"""The checkpoint file: tensors and one JSON header in a safetensors file, versioned, written whole or not at all."""

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from models.training.report import TrainingError

Format = Literal["octet-model", "octet-train-state"]
"""octet-model: what predicts, complete in itself. octet-train-state: all that a resume needs."""
VERSION = 1
HEADER = "octet"
"""The one key of the safetensors metadata; its value is the header as JSON."""


class CheckpointError(TrainingError):
    """A checkpoint file that cannot be used: missing, damaged, of another kind or version, or of another run."""


def write(path: Path, kind: Format, header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> tuple[str, int]:
    """Write a checkpoint; returns its SHA-256 (hex) and size in bytes. Equal content gives equal bytes.

    The file gets its name only when it is complete on disk: temporary name, fsync, rename, fsync of the folder.
    Raises OSError (ENOSPC), with the size and the room, before it writes what would not fit.
    """
    text = json.dumps({"format": kind, "version": VERSION, **header}, sort_keys=True, allow_nan=False)
    data = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, {HEADER: text})
    unfinished = path.with_name(path.name + ".part")
    _refuse_full(path.parent, len(data))
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)  # what was written of it shall not take room from the next
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return hashlib.sha256(data).hexdigest(), len(data)


def _refuse_full(folder: Path, coming: int) -> None:
    """Half of a file on a full disk would also take the room that the database needs to say so."""
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    if free < coming:
        raise OSError(errno.ENOSPC, f"a checkpoint of {coming:,} bytes does not fit, {free:,} are free")


def read(path: Path, kind: Format) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Header and tensors (on the CPU) of a checkpoint of the given kind. Raises CheckpointError."""
    with _opened(path, kind) as (header, file):
        return header, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (safe_open is no mapping)


def read_header(path: Path, kind: Format) -> dict[str, Any]:
    """The header alone, without reading the tensors. Raises CheckpointError."""
    with _opened(path, kind) as (header, _):
        return header


@contextmanager
def _opened(path: Path, kind: Format) -> Iterator[tuple[dict[str, Any], Any]]:
    """The checked header and the open safetensors file."""
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get(HEADER, "{}"))
            _check(header, path, kind)
            yield header, file
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: there is no such file") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path}: not a readable safetensors file ({error})") from error


def digest(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(header: Any, path: Path, kind: Format) -> None:
    """Refuse what is not exactly a checkpoint of this kind and version; never guess."""
    found = header.get("format") if isinstance(header, dict) else None
    if found is None:
        raise CheckpointError(f"{path}: no checkpoint of Octet (it has no '{HEADER}' header)")
    if found != kind:
        raise CheckpointError(f"{path}: a file of kind {found}, needed is {kind}")
    if header.get("version") != VERSION:
        raise CheckpointError(
            f"{path}: version {header.get('version')} of {kind}, this program reads version {VERSION}"
        )
