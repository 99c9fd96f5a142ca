"""Which files train and which validate: classes in proportion, equal files together; or the IDs the config names."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.config.data_rules import unknown_ids
from models.packed import Target
from models.training.report import TrainingError
from models.training.split_notes import notes_of
from models.training.strata import Grouped, classes_of, grouped, order_of_groups

Int64 = NDArray[np.int64]


class SplitError(TrainingError):
    """The data set cannot be divided as asked."""


@dataclass(frozen=True)
class Split:
    """Positions in the data set, each (n,) int64 and rising; no file stands on both sides.

    how: by what the files were divided. notes: what a user should know of it, each with its mend.
    """

    train: Int64
    valid: Int64
    how: str = ""
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of who validates, hex: a run goes on only where the rule divides its files as it did before."""
        return hashlib.sha256(self.valid.astype("<i8").tobytes()).hexdigest()


def split(
    ids: Sequence[str],
    digests: NDArray[np.uint8],
    targets: Sequence[Target],
    *,
    valid_size: float | int,
    manual: Sequence[str] | None,
    seed: int,
) -> Split:
    """Divide the files that have a label of any target; raises SplitError when a side would be empty.

    digests: (n, 32), SHA-256 of each file. valid_size: a float up to 1.0 is a share, rounded up; anything above, and
    every integer, is a count. manual: the IDs that validate, instead of a draw. A pure function of its arguments.
    """
    places = np.flatnonzero(~np.logical_and.reduce([target.missing for target in targets]))
    if len(places) < 2:
        raise SplitError(
            f"{len(places)} files carry a label of the targets; at least 2 are needed, one to train and one to validate"
        )
    groups = grouped(digests[places])
    if manual:
        validates, asked, how = _by_name(ids, places, manual), None, "manual_valid_ids"
    else:
        asked = _count(valid_size, len(places))
        validates, how = _drawn(groups, [(target, classes_of(target, places)) for target in targets], asked, seed)
    notes = notes_of(ids, places, groups, validates, targets, asked)
    return Split(places[~validates], places[validates], how, tuple(notes))


def _count(valid_size: float | int, files: int) -> int:
    """How many files are asked for. Raises SplitError."""
    share = isinstance(valid_size, float) and valid_size <= 1.0
    count = math.ceil(valid_size * files) if share else int(valid_size)
    if not 1 <= count < files:
        raise SplitError(
            f"valid_size {valid_size} means {count} of the {files} labelled files; it must leave at least one to "
            f"train and one to validate: a share above 0 and below 1, or a count from 1 to {files - 1}"
        )
    return count


def _drawn(
    groups: Grouped, targets: Sequence[tuple[Target, Int64]], asked: int, seed: int
) -> tuple[NDArray[np.bool_], str]:
    """(n,) which files validate, and by what they were chosen. Raises SplitError when all files are equal."""
    if len(groups.sizes) < 2:
        raise SplitError(
            f"all {len(groups.of)} labelled files have the same bytes: there is nothing to tell apart, and no file "
            "left to validate on that was not trained on; check how the files were made"
        )
    varying = [(target, classes) for target, classes in targets if classes.min() < classes.max()]
    order, free = order_of_groups(groups, [classes for _, classes in varying], asked, seed)
    return _filled(order, free, groups.sizes, asked)[groups.of], _in_words([target for target, _ in varying])


def _in_words(targets: Sequence[Target]) -> str:
    """By what files were divided."""
    words = [f"{target.name!r}" + ("" if target.codes is not None else " (its quantiles)") for target in targets[:5]]
    more = [f"{len(targets) - 5} more"] if len(targets) > 5 else []
    return f"in proportion by {', then '.join(words + more)}" if words else "at random"


def _filled(order: Int64, free: int, sizes: Int64, asked: int) -> NDArray[np.bool_]:
    """(G,) the groups that validate: in this order each that fits into what is left; one at least.

    Those behind the first `free` hold the last files of a class: they are taken only when without them validation would
    be empty, or smaller than asked for by the largest group. So it holds `asked` files, or fewer by less than that.
    """
    taken = _fitting(np.zeros(len(sizes), bool), order[:free], sizes, asked)
    if not taken.any() or asked - sizes[taken].sum() >= sizes.max():
        taken = _fitting(taken, order, sizes, asked)
    if not taken.any():
        taken[order[np.argmin(sizes[order])]] = True
    return taken


def _fitting(taken: NDArray[np.bool_], order: Int64, sizes: Int64, asked: int) -> NDArray[np.bool_]:
    """(G,) what is taken, and each further group of this order that fits."""
    taken, left = taken.copy(), asked - int(sizes[taken].sum())
    while len(fitting := order[~taken[order] & (sizes[order] <= left)]):
        filled = np.cumsum(sizes[fitting])
        until = int(np.searchsorted(filled, left, side="right"))
        taken[fitting[:until]] = True
        left -= int(filled[until - 1])
    return taken


def _by_name(ids: Sequence[str], places: Int64, manual: Sequence[str]) -> NDArray[np.bool_]:
    """(n,) whether a file is named; all others train. Raises SplitError."""
    if detail := unknown_ids(manual, set(ids).__contains__):
        raise SplitError(f"manual_valid_ids {detail}")
    named = set(manual)
    validates = np.array([ids[place] in named for place in places.tolist()])
    if validates.all() or not validates.any():
        raise SplitError(
            f"manual_valid_ids leaves {np.count_nonzero(~validates)} labelled files to train and "
            f"{np.count_nonzero(validates)} to validate; each side needs at least one"
        )
    return validates
