"""An order of the groups of equal files in which every beginning holds each class in proportion: what a split cuts.

Legend: n files, G groups (files of the same bytes), C classes of a target.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.packed import Target

Int64 = NDArray[np.int64]

MOST_BINS = 10
"""Numbers are divided into so many classes of equal size at most: enough that no side misses the ends of the range."""


@dataclass(frozen=True)
class Grouped:
    """Files by their bytes. of: (n,) the group of each file, numbered by first file. sizes: (G,) files of each."""

    of: Int64
    sizes: Int64


def grouped(digests: NDArray[np.uint8]) -> Grouped:
    """Groups of files with equal digests, (n, 32)."""
    words = np.ascontiguousarray(digests).view("<u8")
    order = np.lexsort(words.T)  # stable: the first of equals is the first file
    begins = np.append(True, (words[order][1:] != words[order][:-1]).any(axis=1))
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(begins) - 1
    by_first = np.empty(int(begins.sum()), np.int64)
    by_first[np.argsort(order[begins])] = np.arange(len(by_first))
    of = by_first[group]
    return Grouped(of, np.bincount(of))


def classes_of(target: Target, files: Int64) -> Int64:
    """The class of each of these files, (n,), -1 = no label; numbers are divided at their quantiles."""
    if target.codes is not None:
        return target.codes[files]
    assert target.numbers is not None
    values = target.numbers[files]
    known = ~np.isnan(values)
    codes = np.full(len(files), -1, np.int64)
    bins = min(MOST_BINS, int(known.sum()) // 2)
    if bins:
        edges = np.quantile(values[known], np.arange(1, bins) / bins)
        codes[known] = np.searchsorted(edges, values[known], side="right")
    return codes


def order_of_groups(groups: Grouped, targets: Sequence[Int64], count: int, seed: int) -> tuple[Int64, int]:
    """All groups, (G,), those that shall validate first, and how many of them training can do without.

    targets: classes of the files (n,), the most important first. Every beginning of the order holds the classes of the
    first target in proportion, within each those of the second, and so on. Before all stands a group of each class too
    rare for a share of `count` files, as far as half of them suffice; at the end one group of each class, so that it is
    learnt.
    Pure; without classes and equal files the random order of scikit-learn's ShuffleSplit.
    """
    random = np.random.RandomState(seed % 2**32)
    order = random.permutation(len(groups.sizes))
    for strata in reversed(_strata(groups, targets)):
        order = _in_proportion(order, strata, groups.sizes, random)
    order, kept = _kept_for_training(order, groups, targets)
    first = _rare_first(order[: len(order) - kept], groups, targets, count)
    return np.concatenate([first, order[~np.isin(order, first)]]), len(order) - kept


def _strata(groups: Grouped, targets: Sequence[Int64]) -> list[Int64]:
    """(G,) for each target: numbers of the combinations of its classes with those of the targets before it.

    The list ends where no combination has two groups any more: there is nothing left to divide.
    """
    found: list[Int64] = []
    for codes in targets:
        if found and found[-1].max() == len(groups.sizes) - 1:
            break
        of_groups = np.full(len(groups.sizes), -1, np.int64)
        np.maximum.at(of_groups, groups.of, codes)  # a file with a label speaks for equal ones without
        whole = of_groups + 1
        if found:
            whole += found[-1] * (whole.max() + 1)
        found.append(np.unique(whole, return_inverse=True)[1].astype(np.int64))
    return found


def _in_proportion(order: Int64, strata: Int64, sizes: Int64, random: np.random.RandomState) -> Int64:
    """The same groups, each stratum in its old order and spread evenly: systematic sampling from a random start."""
    by_stratum = order[np.argsort(strata[order], kind="stable")]
    own, files = strata[by_stratum], sizes[by_stratum]
    totals = np.bincount(own, weights=files)
    before = np.cumsum(files) - files - (np.cumsum(totals) - totals)[own]
    place = np.empty(len(order))
    place[by_stratum] = (before + random.random_sample(len(totals))[own] * files) / totals[own]
    return order[np.argsort(place[order], kind="stable")]


def _kept_for_training(order: Int64, groups: Grouped, targets: Sequence[Int64]) -> tuple[Int64, int]:
    """The last group of each class moved to the end, and how many those are; those of classes with others last."""
    rank = np.argsort(order)
    kept = np.zeros(len(order), np.int64)
    for codes in targets:
        classes, members = _pairs(codes, groups)
        last = np.zeros(int(classes.max(initial=-1)) + 1, np.int64)
        np.maximum.at(last, classes, rank[members])
        there = np.bincount(classes, minlength=len(last))
        for weight, chosen in ((1, there == 1), (2, there > 1)):
            holders = order[last[chosen]]
            kept[holders] = np.maximum(kept[holders], weight)
    moved = order[np.argsort(kept[order], kind="stable")]
    return moved, int(np.count_nonzero(kept))


def _rare_first(free: Int64, groups: Grouped, targets: Sequence[Int64], count: int) -> Int64:
    """Of the groups that may validate the first one of each class that has others and no whole file in its share."""
    rank = np.full(len(groups.sizes), len(free))
    rank[free] = np.arange(len(free))
    first = np.zeros(0, np.int64)
    for codes in targets:
        classes, members = _pairs(codes, groups)
        shared = np.bincount(classes) > 1
        rare = shared & (np.bincount(codes[codes >= 0]) * count < len(codes))
        best = np.full(len(rare), len(free))
        np.minimum.at(best, classes, rank[members])
        wanted = np.union1d(first, best[rare & (best < len(free))])
        if np.count_nonzero(shared) <= count and groups.sizes[free[wanted]].sum() * 2 <= count:
            first = wanted
    return free[first]


def _pairs(codes: Int64, groups: Grouped) -> tuple[Int64, Int64]:
    """Every class with every group that holds a file of it, each pair once: classes and groups."""
    known = codes >= 0
    if len(groups.sizes) == len(codes):  # no equal files: nothing repeats
        return codes[known], groups.of[known]
    pairs = np.unique(codes[known] * len(groups.sizes) + groups.of[known])
    classes, members = np.divmod(pairs, len(groups.sizes))
    return classes, members
