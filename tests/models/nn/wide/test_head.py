"""The wide branch's answers: alone or beside others, in checkpoints, before it is fitted."""

import numpy as np
import pytest
import torch

from models.nn.wide import GramKinds, WideHead
from models.nn.wide.grams import ROW_BITS, keys

TARGETS = {"kind": 3, "side": 2, "level": 1}


def file_of(seed: int, length: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 6, length, dtype=np.uint8)


@pytest.fixture
def head() -> WideHead:
    made = WideHead(TARGETS)
    known = np.concatenate(
        [keys(file_of(0, 4000), np.array([4000]), np.array([0]), n) >> np.uint64(ROW_BITS) for n in (1, 2, 3)]
    )
    hashes = np.unique(known)
    weights = np.random.default_rng(1).standard_normal((len(hashes), 5))
    made.set(hashes=hashes, weights=weights, bias=np.arange(5), kinds=np.array(GramKinds((1, 2, 3)).to_numbers()))
    return made


def test_before_it_is_fitted_it_says_nothing():
    answers = WideHead(TARGETS)([file_of(1, 9), file_of(2, 9)])
    assert {name: answer.shape for name, answer in answers.items()} == {n: (2, k) for n, k in TARGETS.items()}
    assert all(not answer.any() for answer in answers.values())


def test_a_file_is_answered_bit_equal_alone_and_beside_others(head):
    files = [file_of(seed, length) for seed, length in enumerate([1, 2, 3000, 1_500_000, 40, 0])]
    together = head(files)
    for at, file in enumerate(files):
        for name, answer in head([file]).items():
            assert answer.shape == (1, TARGETS[name])
            assert answer.dtype == torch.float32
            assert torch.equal(answer[0], together[name][at])


def test_a_file_with_nothing_known_gets_the_bias(head):
    answers = head([np.full(10, 255, np.uint8), np.empty(0, np.uint8)])
    assert answers["kind"].tolist() == [[0, 1, 2]] * 2
    assert answers["side"].tolist() == [[-1.5, 1.5]] * 2
    assert answers["level"].tolist() == [[4]] * 2


def test_the_answer_is_the_sum_of_weights_by_the_root_of_features(head):
    file = np.array([0, 0, 0, 0], np.uint8)
    hashes = head.hashes.numpy()
    own = {int(h) for n in (1, 2, 3) for h in keys(file, np.array([4]), np.array([0]), n) >> np.uint64(ROW_BITS)}
    rows = np.flatnonzero(np.isin(hashes, list(own)))
    wanted = head.weights.numpy()[rows].sum(0) / np.sqrt(len(rows)) + np.arange(5)
    assert head([file])["kind"][0].numpy() == pytest.approx(wanted[:3], abs=1e-5)


def test_a_checkpoint_of_any_size_loads_into_a_fresh_head(head):
    fresh = WideHead(TARGETS)
    fresh.load_state_dict(head.state_dict())
    files = [file_of(3, 500)]
    assert all(torch.equal(fresh(files)[name], answer) for name, answer in head(files).items())


def test_it_has_nothing_for_an_optimiser_and_stays_where_it_is(head):
    assert list(head.parameters()) == []
    assert head.to(torch.float16).weights.dtype == torch.float32


def test_kinds_of_n_grams_survive_their_numbers():
    kinds = GramKinds((1, 4, 12), (1, 2, 8), placed=32)
    assert GramKinds.from_numbers(kinds.to_numbers()) == kinds
    with pytest.raises(ValueError, match="orders"):
        GramKinds(())
