"""Names of files as they came: which are safe, which are junk, and which texts may stand for one as its ID."""

import re
from collections.abc import Iterator

from models.packed.problems import ArchiveError

LONGEST_NAME = 4096

_JUNK_FOLDERS = {"__MACOSX"}
_JUNK_FILES = {".ds_store", "thumbs.db", "desktop.ini"}
_APPLE_DOUBLE = "._"
_BACKSLASH = re.compile(r"\\(?!x[0-9a-f]{2})")
"""A leading backslash that was one in the name: `shown` writes bytes that are no UTF-8 with one, too."""


def safe_path(name: str) -> str:
    """A relative path of plain parts (`./a//b.txt` -> `a/b.txt`), '' for the root; it is only ever shown and compared.

    Raises ArchiveError for absolute names, drives, `..`, NUL and endless names.
    """
    if len(name) > LONGEST_NAME:
        raise ArchiveError(f"the name {name[:80]!r}... has {len(name)} characters, at most {LONGEST_NAME} are taken")
    if "\0" in name:
        raise ArchiveError(f"the name {name!r} has a NUL character in it; rename the file")
    if (
        name.startswith("/")
        or _BACKSLASH.match(name)
        or (name[1:2] == ":" and name[:1].isalpha() and name[2:3] in ("/", "\\", ""))
    ):
        raise ArchiveError(f"the name {name!r} is absolute; pack the files with relative names (tar -C FOLDER ...)")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in name and ".." in name.replace("\\", "/").split("/"):
        raise ArchiveError(
            f"the name {name!r} leads out of the archive ('..'); pack the files with plain relative names"
        )
    return "/".join(parts)


def shown(name: bytes) -> str:
    """A name's bytes as text: UTF-8, and what is not UTF-8 as `\\xff`."""
    return name.decode("utf-8", "backslashreplace")


def is_junk(path: str) -> bool:
    """Whether a file is litter of an operating system: `.DS_Store`, `__MACOSX/...`, `._x`, `Thumbs.db`..."""
    *folders, name = path.split("/")
    return name.startswith(_APPLE_DOUBLE) or name.lower() in _JUNK_FILES or not _JUNK_FOLDERS.isdisjoint(folders)


def stem(path: str) -> str:
    """A path without its last extension: `a/x.tar.gz` -> `a/x.tar`, `.env` -> `.env`."""
    cut = path.rfind(".")
    return path[:cut] if cut > path.rfind("/") + 1 else path


def ids_of(path: str, *, with_folders: bool) -> Iterator[str]:
    """The texts that name this file as an ID, the most exact first: its name and then its stem.

    With folders, the path from any folder down counts too: `a/b.txt`, `b.txt`, `a/b`, `b`.
    """
    for text in (path, stem(path)):
        cut = 0 if with_folders else text.rfind("/") + 1
        yield text[cut:]
        while cut := text.find("/", cut) + 1:
            yield text[cut:]
