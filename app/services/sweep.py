"""Blobs that nobody owns: left by a kill between storing and recording, or between forgetting and deleting.

No blob is taken that somebody may still record. Whoever makes one stores it first and writes its row afterwards, so age
alone proves nothing; what does:
- of a run or prediction, only what has ended (or is gone) is looked at: then no lease is held, and none is ever again;
- the pack of a data set goes under the lock on its content that uploads and removals take, too;
- what was said of an upload is stored moments before its row, and is taken a long time after.
Each step is one file, and a sweep that is killed is simply begun anew.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from app.db import checkpoints, datasets, predictions, runs
from app.db.dialect import hold
from app.db.engine import Database, Transaction
from app.services.datasets.view import storage_key
from app.services.jobs.states import ENDED
from app.storage import Storage, Stored


@dataclass(frozen=True, slots=True)
class Orphan:
    """A blob without an owner."""

    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found. removed: whether it took the orphans away.

    unfinished_bytes: of files that never became blobs, and were removed.
    strange: most of what lies there is unknown to the database, so it may be the wrong one; nothing was removed.
    """

    orphans: list[Orphan]
    removed: bool
    unfinished_bytes: int = 0
    strange: bool = False

    @property
    def size_bytes(self) -> int:
        """Of all orphans."""
        return sum(orphan.size_bytes for orphan in self.orphans)


@dataclass(frozen=True, slots=True)
class _Owner:
    """Everything below one key: the blobs of one run, prediction, data set or upload."""

    room: str
    name: str
    blobs: list[Stored]


def sweep(
    db: Database,
    storage: Storage,
    *,
    age_s: float,
    dry_run: bool = False,
    trusting: bool = False,
    watch: Callable[[], None] = lambda: None,
) -> Swept:
    """Remove blobs without an owner that have lain there for age_s or longer.

    trusting: also when most owners are unknown to the database. Else that is taken for a wrong OCTET_DATABASE_URL, and
    nothing is removed. `watch` is called again and again; what it raises ends the sweep.
    """
    found: list[tuple[_Owner, list[Stored]]] = []
    known = 0
    for owner in _owners(storage):
        watch()
        with db.reading() as tx:
            is_known, unowned = _RULES[owner.room](tx, owner)
        known += is_known
        if old := [blob for blob in unowned if blob.idle_s >= age_s]:
            found.append((owner, old))
    unknown = sum(len(old) == len(owner.blobs) for owner, old in found)
    strange = unknown > max(known, _FEW) and not trusting
    orphans = [Orphan(blob.key, blob.size_bytes) for _, old in found for blob in old]
    if dry_run or strange:
        return Swept(orphans, removed=False, strange=strange)
    for owner, old in found:
        watch()
        _remove(db, storage, owner, old)
    return Swept(orphans, removed=True, unfinished_bytes=storage.remove_unfinished(max(age_s, WRITTEN_S)))


WRITTEN_S = 600.0
"""Whoever writes a blob adds to it more often than that, however long it takes; so it is not taken from under him."""
_FEW = 10
"""So many unknown owners are no sign of a wrong database: a service that is used little has few known ones."""


def _owners(storage: Storage) -> Iterator[_Owner]:
    """All that lies in the storage, an owner at a time; what is in no room of ours is not touched."""
    for room in _RULES:
        for name, blobs in groupby(storage.listing(room), key=lambda blob: blob.key.split("/")[1]):
            yield _Owner(room, name, list(blobs))


def _of_run(tx: Transaction, owner: _Owner) -> tuple[bool, list[Stored]]:
    """Whether the run is known, and its blobs that no row names: checkpoints; logs stay as long as the run."""
    run = runs.get(tx, owner.name)
    if run is None:
        return False, owner.blobs
    if run.status not in ENDED:
        return True, []
    return True, _unnamed(owner, ("best-", "resume-"), (row.key for row in checkpoints.of_run(tx, run.id)))


def _of_prediction(tx: Transaction, owner: _Owner) -> tuple[bool, list[Stored]]:
    """The same of a prediction: parts and results."""
    row = predictions.get(tx, owner.name)
    if row is None:
        return False, owner.blobs
    if row.status not in ENDED:
        return True, []
    named = [part.key for part in predictions.parts_of(tx, row.id)]
    named += [stored["key"] for stored in (row.results or {}).values()]
    return True, _unnamed(owner, ("part-", "result-"), named)


def _of_content(tx: Transaction, owner: _Owner) -> tuple[bool, list[Stored]]:
    """A pack belongs to every data set of its content. It is asked again under the lock."""
    known = datasets.refers(tx, owner.name)
    return known, [] if known else owner.blobs


def _of_upload(tx: Transaction, owner: _Owner) -> tuple[bool, list[Stored]]:
    """What was said of an upload belongs to the data set that it made."""
    known = datasets.get(tx, owner.name) is not None
    return known, [] if known else owner.blobs


_RULES: dict[str, Callable[[Transaction, _Owner], tuple[bool, list[Stored]]]] = {
    "runs": _of_run,
    "predictions": _of_prediction,
    "datasets": _of_content,
    "said": _of_upload,
}


def _unnamed(owner: _Owner, kinds: tuple[str, ...], named: Iterable[str]) -> list[Stored]:
    """The blobs of these kinds that no row names."""
    kept = set(named)
    return [blob for blob in owner.blobs if blob.key not in kept and blob.key.rpartition("/")[2].startswith(kinds)]


def _remove(db: Database, storage: Storage, owner: _Owner, old: list[Stored]) -> None:
    if owner.room != "datasets":
        for blob in old:
            storage.delete(blob.key)
        if len(old) == len(owner.blobs):
            storage.delete(f"{owner.room}/{owner.name}")
        return
    if len(old) < len(owner.blobs):  # an upload of this content goes on
        return
    with db.transaction(with_files=True) as tx:
        hold(tx, owner.name)
        if not datasets.refers(tx, owner.name):
            storage.delete(storage_key(owner.name))
