"""A small real data set out of files that any machine with this Python has: which kind of file is it, from its bytes?

The choice is deterministic: files stand in the order of a hash of their path below the folder they were found in.
"""

import gzip
import hashlib
import os
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

MOST_BYTES = 256 << 10
# Files of one kind: the first limit that gives enough files in all is taken.
MOST_OF_A_KIND = (90, 180, 360)
LEAST_OF_A_KIND = 25
LEAST_KINDS, LEAST_FILES = 8, 600
HELD_OUT_EVERY = 5


@dataclass(frozen=True)
class Kind:
    """A kind of file: its name, and how to tell one by its path and its first bytes."""

    name: str
    endings: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    starts: tuple[bytes, ...] = (b"",)

    def named(self, path: str) -> bool:
        """True when the path looks like this kind."""
        name = path.rpartition("/")[2]
        return name.endswith(self.endings) or name.split(".")[0] in self.names or name in self.names


KINDS = (
    Kind("python source", (".py",)),
    Kind("python bytecode", (".pyc",)),
    Kind(
        "native library",
        (".so", ".dylib", ".pyd"),
        starts=(b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"MZ"),
    ),
    Kind("c header", (".h", ".hpp")),
    Kind("package metadata", names=("METADATA",), starts=(b"Metadata-Version",)),
    Kind("file list", names=("RECORD",)),
    Kind("licence", names=("LICENSE", "LICENCE", "COPYING")),
    Kind("font metrics", (".afm",), starts=(b"StartFontMetrics",)),
    Kind("png image", (".png",), starts=(b"\x89PNG",)),
    Kind("truetype font", (".ttf",), starts=(b"\x00\x01\x00\x00",)),
    Kind("cmake script", (".cmake",)),
    Kind("csv table", (".csv",)),
    Kind("json", (".json",), starts=(b"{", b"[")),
)
MADE = "gzip archive"


@dataclass(frozen=True)
class Found:
    """One file of the data set: where it came from, what it is, its bytes."""

    path: Path
    kind: str
    data: bytes


@dataclass(frozen=True)
class Chosen:
    """The data set: files to learn from and files that are never uploaded."""

    known: list[Found]
    held_out: list[Found]

    def counts(self) -> dict[str, int]:
        """Files of each kind."""
        kinds = [found.kind for found in self.known + self.held_out]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def choose() -> Chosen:
    """The files of every kind that is there at least LEAST_OF_A_KIND times, no content twice, one in five held out.

    Raises LookupError where too few kinds or files are found.
    """
    candidates = _candidates()
    by_kind: list[list[Found]] = []
    for most in MOST_OF_A_KIND:
        by_kind = [files for files in _of_each_kind(candidates, most) if len(files) >= LEAST_OF_A_KIND]
        if sum(map(len, by_kind)) >= LEAST_FILES:
            break
    if len(by_kind) < LEAST_KINDS or sum(map(len, by_kind)) < LEAST_FILES:
        raise LookupError(f"{sum(map(len, by_kind))} files of {len(by_kind)} kinds found; this Python has too few")
    known = [found for files in by_kind for place, found in enumerate(files) if place % HELD_OUT_EVERY]
    return Chosen(_shuffled(known), _shuffled([found for files in by_kind for found in files[::HELD_OUT_EVERY]]))


def _of_each_kind(candidates: dict[str, list[Path]], most: int) -> list[list[Found]]:
    """Gzip archives are made here, by compressing sources from the end of the list: few machines have real ones."""
    seen: set[bytes] = set()
    found = [_take(kind.name, candidates[kind.name], kind.starts, seen, most) for kind in KINDS]
    others = (candidates["python source"] + candidates["c header"])[::-1]
    return [*found, _take(MADE, others, (b"",), seen, most, _gzipped)]


def _candidates() -> dict[str, list[Path]]:
    """Paths that look like each kind, in the order of the choice."""
    found: dict[str, list[tuple[bytes, Path]]] = {kind.name: [] for kind in KINDS}
    for root in _roots():
        for path in _files(root):
            inside = path[len(str(root)) + 1 :].replace(os.sep, "/")
            for kind in KINDS:
                if kind.named(inside):
                    found[kind.name].append((hashlib.sha256(inside.encode(errors="replace")).digest(), Path(path)))
                    break
    return {name: [path for _, path in sorted(paths)] for name, paths in found.items()}


def _roots() -> list[Path]:
    """The interpreter's library, its headers, and the installed packages."""
    wanted = ("stdlib", "platstdlib", "purelib", "platlib", "include")
    return sorted(
        {Path(path).resolve() for name in wanted if (path := sysconfig.get_path(name)) and Path(path).is_dir()}
    )


def _files(root: Path) -> Iterator[str]:
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if name != "site-packages" and name != "dist-packages")
        for name in sorted(names):
            yield os.path.join(folder, name)


def _take(
    kind: str,
    paths: list[Path],
    starts: tuple[bytes, ...],
    seen: set[bytes],
    most: int,
    change: Callable[[bytes], bytes] = bytes,
) -> list[Found]:
    files: list[Found] = []
    for path in paths:
        if len(files) == most:
            break
        try:
            if not 0 < path.stat().st_size <= MOST_BYTES:
                continue
            data = change(path.read_bytes())
        except OSError:
            continue
        digest = hashlib.sha256(data).digest()
        if digest not in seen and data.startswith(starts):
            seen.add(digest)
            files.append(Found(path, kind, data))
    return files


def _gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _shuffled(files: list[Found]) -> list[Found]:
    """In the order of their contents' hashes, so that numbers given in it say nothing of the kind."""
    return sorted(files, key=lambda found: hashlib.sha256(found.data).digest())
