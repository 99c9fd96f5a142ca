"""Which files train and which validate: scikit-learn's random split of the sorted IDs, or the IDs the config names."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.config.data_rules import unknown_ids
from models.training.report import TrainingError


class SplitError(TrainingError):
    """The data set cannot be divided as asked."""


@dataclass(frozen=True)
class Split:
    """Positions in the data set, each (n,) int64; no file stands on both sides."""

    train: NDArray[np.int64]
    valid: NDArray[np.int64]


def split(
    ids: Sequence[str], usable: NDArray[np.bool_], *, valid_size: float | int, manual: Sequence[str] | None, seed: int
) -> Split:
    """Divide the usable files; raises SplitError when a side would be empty.

    usable: (n,) files with at least one label. valid_size: a float up to 1.0 is a share, rounded up; anything above,
    and every integer, is a count. manual: the IDs that validate, instead of a random draw.
    """
    places = sorted(np.flatnonzero(usable).tolist(), key=lambda i: ids[i])
    if len(places) < 2:
        raise SplitError(
            f"{len(places)} files carry a label of the targets; at least 2 are needed, one to train and one to validate"
        )
    if manual:
        return _by_name(ids, places, manual)
    count = (
        math.ceil(valid_size * len(places)) if isinstance(valid_size, float) and valid_size <= 1.0 else int(valid_size)
    )
    if not 1 <= count < len(places):
        raise SplitError(
            f"valid_size {valid_size} means {count} of the {len(places)} labelled files; it must leave at least one to "
            f"train and one to validate: a share above 0 and below 1, or a count from 1 to {len(places) - 1}"
        )
    # scikit-learn's ShuffleSplit: the first of a permutation validate, the rest train.
    order = np.array(places)[np.random.RandomState(seed % 2**32).permutation(len(places))]
    return Split(train=np.sort(order[count:]), valid=np.sort(order[:count]))


def _by_name(ids: Sequence[str], places: list[int], manual: Sequence[str]) -> Split:
    """The named files validate; all others train."""
    named = set(manual)
    if detail := unknown_ids(manual, set(ids).__contains__):
        raise SplitError(f"manual_valid_ids {detail}")
    valid = [i for i in places if ids[i] in named]
    train = [i for i in places if ids[i] not in named]
    if not valid or not train:
        raise SplitError(
            f"manual_valid_ids leaves {len(train)} labelled files to train and {len(valid)} to validate; "
            "each side needs at least one"
        )
    return Split(train=np.array(train, np.int64), valid=np.array(valid, np.int64))
