"""What training files are like, for the score of those that are unlike: counted on them, checked on held-out ones."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from models.nn.novelty.measures import SAMPLE, Float64, Measures, Sample, byte_shares, pair_bits
from models.nn.novelty.score import TWO_SIDED, Novelty, among
from models.nn.novelty.tail import fit_tail
from models.packed import PackedDataset

Int64 = NDArray[np.int64]

COUNTED_FILES, COUNTED_BYTES = 4096, 8 << 20
"""Of the training files at most so many are counted, and so many bytes of them, so that the fit takes seconds."""
EXAMPLES, HELD_OUT = 1024, 1024
"""Training files kept as examples, and validation files compared with them, at most."""
PHRASES = 1 << 17
"""Phrases kept at most: those that most files have."""
SHARED_BY = 2
"""A phrase is known when so many training files have it: one file's own say nothing of another's."""
LEAST_FILES = 16
"""Fewer different training files are no sample of anything: no score."""
LEAST_SCALE = 0.02
"""Added to what a number varies by, so that one that never varied does not make everything else infinitely far."""


def fit_novelty(novelty: Novelty, dataset: PackedDataset, train: Int64, valid: Int64, *, seed: int = 0) -> None:
    """Fill the buffers from these files of the data set; where there are too few, they stay empty.

    train, valid: places in the data set. Each measure is compared with that of held-out files: the validation files,
    and the examples, each judged as if it had been left out. A pure function of its arguments.
    """
    draw = np.random.default_rng(seed)
    counted = _counted(dataset, train, draw)
    if len(counted) < LEAST_FILES:
        return
    samples = [Sample.of(dataset.read(int(train[at]))) for at in counted]
    found = _count(novelty, samples)
    _set_examples(novelty, found)
    held = valid[dataset.lengths[valid] > 0]
    some = np.sort(draw.permutation(len(held))[:HELD_OUT])
    usual = [novelty.statistics(found, examples=True)]
    if len(some):
        usual.insert(0, novelty.statistics(novelty.measure([dataset.read(int(place)) for place in held[some]])))
    _set_tails(novelty, np.concatenate(usual))


def _counted(dataset: PackedDataset, train: Int64, draw: np.random.Generator) -> Int64:
    """Which of `train` are counted, (n,) positions in it: in random order, each content once, none of them empty."""
    digests = np.ascontiguousarray(dataset.file_digests[train]).view("S32")[:, 0]
    _, first = np.unique(digests, return_index=True)
    first = np.sort(first[dataset.lengths[train[first]] > 0])
    order = first[draw.permutation(len(first))][:COUNTED_FILES]
    looked_at = np.cumsum(np.minimum(dataset.lengths[train[order]], SAMPLE))
    return order[: max(LEAST_FILES, int(np.searchsorted(looked_at, COUNTED_BYTES, side="right")))]


def _count(novelty: Novelty, samples: Sequence[Sample]) -> Measures:
    """Set the byte model and the phrases; what is measured of each example as if it had not been counted."""
    pairs = np.zeros(65536, np.int64)
    for sample in samples:
        pairs += np.bincount(sample.pairs(), minlength=65536)
    phrases, files = np.unique(np.concatenate([np.unique(s.phrases()) for s in samples]), return_counts=True)
    kept = np.flatnonzero(files >= SHARED_BY)
    kept = np.sort(kept[np.argsort(-files[kept], kind="stable")[:PHRASES]])
    phrases, files = phrases[kept], files[kept]
    shares = byte_shares(pairs)
    novelty.pair_bits = torch.from_numpy(pair_bits(pairs, shares, np.arange(65536))).half()
    novelty.phrases = torch.from_numpy(phrases.view(np.int32).copy())
    others = phrases[files > SHARED_BY]
    rows = []
    for sample in samples[:EXAMPLES]:
        codes = sample.pairs()
        rest = pairs - np.bincount(codes, minlength=65536)
        rows.append(sample.measured(pair_bits(rest, shares, codes), among(others, sample.phrases())))
    return Measures.of(rows)


def _set_examples(novelty: Novelty, found: Measures) -> None:
    """The examples, what is usual among them, and the scales of distances: their medians."""
    novelty.example_numbers = torch.from_numpy(found.numbers).float()
    novelty.example_roots = torch.from_numpy(np.round(found.roots * 255).astype(np.uint8))
    novelty.example_ends = torch.from_numpy(found.ends)
    scales = np.concatenate([found.numbers.std(axis=0) + LEAST_SCALE, [1.0, 1.0]])
    for _ in range(2):  # first with scales of 1, to learn the distances; then with them
        novelty.scales = torch.from_numpy(scales).float()
        near = novelty.against(found, examples=True)
        scales[5:] = [max(float(np.median(np.sort(d, axis=1)[:, 0])), 1e-3) for d in (near.roots, near.numbers)]
    novelty.usual = torch.from_numpy(near.own).float()


def _set_tails(novelty: Novelty, found: Float64) -> None:
    """What is usual of each statistic, and of all together: found (V + P, S), of validation files and examples."""
    columns = [*found.T]
    tails = [fit_tail(column) for column in columns] + [fit_tail(-column) for column in columns[:TWO_SIDED]]
    places = [tails[0]] * 3  # for those that the ones before are needed for
    novelty.tails = torch.from_numpy(np.stack([*tails, *places]))
    evidence = novelty.evidence(found)
    places[:2] = fit_tail(-evidence.mean(axis=1)), fit_tail(-evidence.min(axis=1))
    novelty.tails = torch.from_numpy(np.stack([*tails, *places]))
    places[2] = fit_tail(novelty.together(evidence))
    novelty.tails = torch.from_numpy(np.stack([*tails, *places]))
