"""What a user should know of how a data set was divided, in words: equal files, classes that one side lacks."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from models.packed import Target
from models.packed.problems import counted, some
from models.training.strata import Grouped

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


def notes_of(
    ids: Sequence[str],
    places: Int64,
    groups: Grouped,
    validates: Bool,
    targets: Sequence[Target],
    asked: int | None,
) -> Iterator[str]:
    """Everything odd. places: the n files that take part; validates: (n,); asked: None where files were named."""
    if asked is None:
        yield from _across(ids, places, groups, validates)
    elif len(groups.sizes) < len(places):
        yield from _together(groups, int(np.count_nonzero(validates)), asked)
    for target in targets:
        if target.codes is not None:
            yield from _contradicting(ids, places, groups, target)
            yield from _missing_classes(target, target.codes[places], groups, validates)
        else:
            assert target.numbers is not None
            yield from _measured_numbers(target.name, target.numbers[places], validates)


def _together(groups: Grouped, validating: int, asked: int) -> Iterator[str]:
    repeated = groups.sizes[groups.sizes > 1]
    yield (
        f"{repeated.sum()} files have the same bytes as another one ({counted(len(repeated), 'group')}, the largest of "
        f"{repeated.max()}): equal files are on one side, so that no file validates that was trained on"
    )
    if validating != asked:
        yield (
            f"valid_size asks for {asked} files and {validating} validate, so that equal files stay together and "
            "classes are trained on"
        )


def _across(ids: Sequence[str], places: Int64, groups: Grouped, validates: Bool) -> Iterator[str]:
    """Named files that have the bytes of a training file."""
    trained = np.zeros(len(groups.sizes), bool)
    trained[groups.of[~validates]] = True
    seen = np.flatnonzero(validates & trained[groups.of])
    if len(seen):
        named = some([ids[place] for place in places[seen].tolist()])
        known = f"{counted(len(seen), 'validation file')} of {np.count_nonzero(validates)}"
        yield (
            f"manual_valid_ids: {known} with the bytes of a training file ({named}): the model has seen them, what is "
            "measured of them is too good; name all files of the same bytes, or none"
        )


def _contradicting(ids: Sequence[str], places: Int64, groups: Grouped, target: Target) -> Iterator[str]:
    """Files of the same bytes in several classes."""
    assert target.codes is not None
    codes = target.codes[places]
    known = np.flatnonzero(codes >= 0)
    low, high = np.full(len(groups.sizes), len(codes)), np.full(len(groups.sizes), -1)
    np.minimum.at(low, groups.of[known], codes[known])
    np.maximum.at(high, groups.of[known], codes[known])
    torn = np.flatnonzero(low < high)
    if len(torn):
        example = some([ids[place] for place in places[known[groups.of[known] == torn[0]]].tolist()], 3)
        yield (
            f"target {target.name!r}: files with the same bytes have different labels, in "
            f"{counted(len(torn), 'group')} ({example}): no model can tell them apart; correct the labels"
        )


def _missing_classes(target: Target, codes: Int64, groups: Grouped, validates: Bool) -> Iterator[str]:
    """Classes that one side lacks."""
    classes = target.classes or []
    train, valid = (np.bincount(codes[side & (codes >= 0)], minlength=len(classes)) for side in (~validates, validates))
    what = f"target {target.name!r}"
    if not valid.any():
        yield f"{what}: no validation file has a label of it: nothing is measured of it; label more files"
    elif unmeasured := [classes[at] for at in np.flatnonzero((valid == 0) & (train > 0)).tolist()]:
        verb = "has" if len(unmeasured) == 1 else "have"
        yield (
            f"{what}: {len(unmeasured)} of {len(classes)} classes {verb} no file in validation ({some(unmeasured)}): "
            "nothing is measured of them; add files of them, or raise valid_size"
        )
    if np.count_nonzero(valid) == 1:
        yield f"{what}: validation holds a single class, so roc-auc-macro, ap-macro and cohen-kappa are left out"
    if unlearnt := [classes[at] for at in np.flatnonzero((train == 0) & (valid > 0)).tolist()]:
        yield (
            f"{what}: {len(unlearnt)} of {len(classes)} classes stand in validation alone ({some(unlearnt)}): the "
            "model cannot learn them; add files of them, or lower valid_size"
        )


def _measured_numbers(name: str, numbers: NDArray[np.float64], validates: Bool) -> Iterator[str]:
    """What validation cannot measure of a continuous target."""
    known = numbers[validates & ~np.isnan(numbers)]
    if not len(known):
        yield f"target {name!r}: no validation file has a label of it: nothing is measured of it; label more files"
    elif known.min() == known.max():
        yield (
            f"target {name!r}: all labels in validation are {known[0]:g}, so r2, pcc and explained-variance are "
            "left out"
        )
