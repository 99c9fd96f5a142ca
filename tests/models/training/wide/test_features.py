"""The features of a data set: which are kept, both sides of the matrix, in memory and in scratch files alike."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.nn.wide import GramKinds
from models.training.wide.features import gather
from models.training.wide.gram import gram_of
from models.training.wide.shelf import ScratchFull, Shelf
from models.training.wide.spool import Spool

FILES = [np.frombuffer(text, np.uint8) for text in (b"abab", b"abc", b"xabx", b"zz", b"zabz", b"q")]


def gathered(tmp_path, files=FILES, train=4, memory=10**9, levels=(1,), orders=(1, 2), least=2):
    return gather(
        files, train, GramKinds(orders, levels), least, memory_bytes=memory, scratch=tmp_path, go_on=lambda: None
    )


def dense(features) -> np.ndarray:
    """(N, F) by the file side, and the same by the feature side."""
    sides = []
    for block in features.blocks:
        by_file = block.of_files(torch.eye(len(block.hashes))).numpy()
        by_feature = block.of_features(torch.eye(features.files)).numpy()
        assert np.array_equal(by_file, by_feature.T)
        sides.append(by_file)
    return np.concatenate(sides, axis=1)


def test_kept_is_what_stands_in_enough_but_not_in_all_training_files(tmp_path):
    features = gathered(tmp_path)
    # of 4 training files: a, b and ab stand in 3; everything else in one
    assert features.count == 3
    assert np.array_equal(dense(features), [[1, 1, 1]] * 3 + [[0, 0, 0], [1, 1, 1], [0, 0, 0]])
    assert [int(n) for block in features.blocks for n in block.seen] == [3, 3, 3]
    assert features.per_file().tolist() == [3, 3, 3, 0, 3, 0]


def test_levels_tell_how_often(tmp_path):
    features = gathered(tmp_path, levels=(1, 2), orders=(1,), least=1)
    twice = dense(features).sum(1)
    assert twice.tolist() == [4, 3, 4, 2, 4, 0]  # abab: a, b and each twice; ...; zabz: z, a, b and z twice; q: unknown


def test_without_memory_the_same_features_come_from_scratch_files(tmp_path):
    files = [np.random.default_rng(i).integers(0, 9, 300, dtype=np.uint8) for i in range(40)]
    rich = gathered(tmp_path / "a", files, 30, orders=(2, 3))
    poor = gathered(tmp_path / "b", files, 30, memory=20_000, orders=(2, 3))
    assert (tmp_path / "b").exists()
    assert not (tmp_path / "a").exists()

    def by_hash(features):
        return dense(features)[:, np.argsort(np.concatenate([block.hashes for block in features.blocks]))]

    assert np.array_equal(by_hash(rich), by_hash(poor))


def test_the_gram_product_is_that_of_scaled_rows(tmp_path):
    files = [np.random.default_rng(i).integers(0, 9, 60, dtype=np.uint8) for i in range(20)]
    features = gathered(tmp_path, files, 16, orders=(1, 2))
    labels = torch.zeros(20, 3)
    labels[torch.arange(16), torch.arange(16) % 3] = 1
    gram = gram_of(features, labels, 3, lambda: None, rarity=1.5)
    binary, scales = dense(features), torch.cat(gram.scales).numpy()
    rows = binary / np.sqrt(binary.sum(1, keepdims=True))
    a = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    wanted = [(rows * scales[:, c]) @ rows.T @ a[:, c] + a[:, c].sum() for c in range(3)]
    assert np.allclose(gram.times(a), np.stack(wanted, 1), atol=1e-3)
    weights = torch.cat(gram.weights(a)).numpy()
    assert np.allclose(rows @ weights + a.sum(0), gram.times(a), atol=1e-3)


def test_of_many_arrays_one_file_is_open_and_what_was_read_can_be_read_again(tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    shelf = Shelf(100, tmp_path)
    arrays = [np.arange(n, dtype=kind) for n in (0, 3, 5000, 70_001) for kind in (np.int32, np.uint64)]
    kept = [shelf.keep(array) for array in arrays]
    for _ in range(2):
        for array, one in zip(arrays, kept, strict=True):
            assert np.array_equal(one.read(), array)
            one.give_back()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2
    assert not list(tmp_path.iterdir())  # it has no name, so nothing is left of it when the process is killed


@pytest.mark.parametrize("keep", [lambda folder: Shelf(0, folder).keep, lambda folder: Spool(4, 0, folder).add])
def test_a_full_disk_is_an_error_with_words(tmp_path, monkeypatch, keep):
    monkeypatch.setattr("models.training.wide.shelf.RESERVE_BYTES", 1 << 60)
    taken = keep(tmp_path)
    with pytest.raises(ScratchFull, match="make room there, raise wide_memory_mb, or set wide to false"):
        taken(np.arange(1 << 17, dtype=np.uint64))


def test_keys_come_back_sorted_and_as_often_as_counts_need(tmp_path):
    draw = np.random.default_rng(0)
    keys = draw.integers(0, 2**63, 300_000, dtype=np.uint64) * np.uint64(2)
    keys[: keys.size // 2] = keys[0]  # one n-gram is everywhere
    keys[-2000:] = np.repeat(keys[-2000:-1000], 2)
    keys = draw.permutation(keys)
    spool = Spool(len(keys), 1_000_000, tmp_path, repeats=3)
    assert spool.bits == 5
    for begin in range(0, len(keys), 70_000):
        spool.add(keys[begin : begin + 70_000])
    found = np.concatenate(list(spool.parts()))
    assert np.array_equal(found, np.sort(found))
    values, counts = np.unique(keys, return_counts=True)
    own, own_counts = np.unique(found, return_counts=True)
    assert np.array_equal(values, own)
    assert np.array_equal(np.minimum(counts, 3), np.minimum(own_counts, 3))
    assert len(found) < 0.6 * len(keys)
    assert not list(tmp_path.iterdir())
