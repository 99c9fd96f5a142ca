"""Small archives, folders and tables for these tests, made by the standard library."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from models.packed.archives import read_archive
from models.packed.limits import Limits, Meter
from models.packed.source import zstd

Files = Mapping[str, bytes] | Iterable[tuple[str, bytes]]
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": lambda plain: gzip.compress(plain, 1),
    "tar.bz2": lambda plain: bz2.compress(plain, 1),
    "tar.xz": lambda plain: lzma.compress(plain, preset=0),
    "tar.zst": lambda plain: zstd.compress(plain, options={zstd.CompressionParameter.checksum_flag: 1}),
}
KINDS = (*COMPRESS, "zip")


def pairs(files: Files) -> list[tuple[str, bytes]]:
    return list(files.items() if isinstance(files, Mapping) else files)


def tar_bytes(files: Files, format: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, data in pairs(files):
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return out.getvalue()


def tar_member(name: str, **fields: object) -> bytes:
    """A tar with one member of a special kind."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        about = tarfile.TarInfo(name)
        for field, value in fields.items():
            setattr(about, field, value)
        archive.addfile(about)
    return out.getvalue()


def zip_bytes(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in pairs(files):
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def archive_bytes(kind: str, files: Files) -> bytes:
    if kind == "zip":
        return zip_bytes(files)
    return COMPRESS[kind](tar_bytes(files))


def archive_at(folder: Path, kind: str, files: Files) -> Path:
    """An archive file whose name says nothing of its kind."""
    return written(folder / "upload", archive_bytes(kind, files))


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read_all(path: Path, limits: Limits | None = None) -> dict[str, bytes]:
    """All that the readers yield of an archive."""
    meter = Meter(limits or Limits(), path.stat().st_size)
    return {entry.path: b"".join(entry.chunks) for entry in read_archive(path, meter)}


def labels_for(ids: Iterable[str], target: str = "kind") -> str:
    """A CSV with classes a and b in turn."""
    return f"ID,{target}\n" + "".join(f"{file_id},{'ab'[i % 2]}\n" for i, file_id in enumerate(ids))
