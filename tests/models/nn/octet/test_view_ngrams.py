"""N-grams are hashed well, never cross the end of a file, and a bag of them learns which words a file holds."""

from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

from models.nn.octet.ngram_hash import ngram_rows, top_bits
from models.nn.octet.view_ngrams import NgramEmbedding, NgramView
from models.training.sparse_adagrad import RowAdagrad
from tests.models.nn.octet.batches import some_files, whole


def test_equal_ngrams_have_equal_rows_wherever_they_stand():
    pieces = whole([b"abcdXabcd", b"..abcd"])
    rows, complete = ngram_rows(pieces.tokens, pieces.there, (1, 2, 4), 20)
    assert (rows[0, 0] == rows[0, 5]).all()
    assert (rows[0, 0] == rows[1, 2]).all()
    assert complete[0, 0].all()
    assert rows[0, 0].unique().numel() == 3


def test_an_ngram_never_crosses_the_end_of_a_file_or_piece():
    pieces = whole([b"abcde", b"abc"])
    _, complete = ngram_rows(pieces.tokens, pieces.there, (1, 3, 7), 16)
    assert complete[..., 0].sum(1).tolist() == [5, 3]
    assert complete[..., 1].tolist() == [[True, True, True, False, False], [True, False, False, False, False]]
    assert not complete[..., 2].any()


def test_a_hash_of_orders_together_is_that_of_each_alone():
    pieces = whole(some_files(3, longest=40))
    rows, complete = ngram_rows(pieces.tokens, pieces.there, (2, 3, 6), 22)
    for at, order in enumerate((2, 3, 6)):
        alone, there = ngram_rows(pieces.tokens, pieces.there, (order,), 22)
        assert torch.equal(there[..., 0], complete[..., at])
        assert torch.equal(alone[there], rows[..., at, None][there])


def test_rows_are_spread_like_random_numbers():
    """65,536 pairs of bytes into as many rows: a share of 1/e of the rows stays empty, and low bits are even."""
    pairs = torch.cartesian_prod(torch.arange(256), torch.arange(256))
    rows, _ = ngram_rows(pairs, torch.ones_like(pairs, dtype=torch.bool), (2,), 16)
    used = rows[:, 0, 0].unique().numel() / 65_536
    assert used == pytest.approx(1 - 0.36788, abs=0.01)
    assert rows[:, 0, 0].min() >= 0
    assert rows.max() < 65_536
    assert (rows[:, 0, 0] % 16).bincount().float().std() < 200


def test_top_bits_of_any_word_are_not_negative():
    words = torch.tensor([-1, 0, 1, -(2**63), 2**63 - 1])
    assert top_bits(words, 8).tolist() == [255, 0, 0, 128, 127]


@pytest.mark.parametrize("padding", [1, 7, 200])
def test_padding_beside_a_file_changes_nothing(padding: int):
    view = NgramView((1, 2, 5), bits=12).eval()
    files = some_files(4)
    torch.testing.assert_close(view(whole(files)), view(whole(files, padding=padding)), atol=1e-6, rtol=0)
    torch.testing.assert_close(view(whole(files))[1:2], view(whole(files[1:2])), atol=1e-6, rtol=0)


def test_a_file_too_short_for_any_ngram_and_an_empty_one_give_zeros():
    view = NgramView((3,), bits=10).eval()
    assert (view(whole([b"ab", b"", b"abc"])).abs().sum(1) > 0).tolist() == [False, False, True]


def test_the_mean_is_the_mean_of_the_places():
    embedding = NgramEmbedding((1, 3), bits=12, width=8, dropout=0.0)
    pieces = whole(some_files(3))
    places = embedding(pieces)
    assert (places * ~pieces.there.unsqueeze(-1) == 0).all()
    torch.testing.assert_close(places.sum(1) / pieces.there.sum(1, keepdim=True), embedding.mean(pieces))


def test_dropout_leaves_an_ngram_out_of_a_whole_piece_and_keeps_the_sum_on_average():
    embedding = NgramEmbedding((2,), bits=16, width=1, dropout=0.5).train()
    torch.nn.init.ones_(embedding.table)
    pieces = whole([b"abababab" + bytes(range(200))] * 64)
    places = embedding(pieces)[..., 0]
    assert set(places.unique().tolist()) == {0.0, 2.0}
    assert (places[:, 0:7:2] == places[:, :1]).all()  # every "ab" of a piece
    assert 0 < (places[:, 0] > 0).sum() < 64  # differs from piece to piece
    assert places[:, :-1].mean().item() == pytest.approx(1.0, abs=0.05)


def test_the_gradient_of_the_table_is_sparse_and_names_only_rows_that_occur():
    embedding = NgramEmbedding((1, 2), bits=14, width=4, dropout=0.0)
    embedding(whole([b"aab"])).sum().backward()
    grad = embedding.table.grad
    assert grad is not None
    assert grad.is_sparse
    assert (grad.to_dense().abs().sum(1) > 0).sum() == 4  # a, b, aa, ab
    assert embedding.scale.grad is not None


def test_a_bag_of_ngrams_learns_which_words_a_file_holds():
    torch.manual_seed(0)
    words = [b" good", b" bad", b" film", b" plot", b" long", b" the"]
    draw = torch.randint(0, 6, (256, 8)).tolist()
    files = [b"".join(words[i] for i in row) for row in draw]
    labels = torch.tensor([row.count(0) > row.count(1) for row in draw]).long()
    view, head = NgramView((2, 4), bits=12, dropout=0.3), torch.nn.Linear(16, 2)
    tables, dense = RowAdagrad([view.embedding.table], lr=0.1), torch.optim.Adam(head.parameters(), lr=0.05)
    losses = []
    for _ in range(60):
        loss = F.cross_entropy(head(view(whole(files))), labels)
        loss.backward()
        for optimiser in (tables, dense):
            optimiser.step()
            optimiser.zero_grad()
        losses.append(loss.item())
    view.eval()
    assert (head(view(whole(files))).argmax(1) == labels).float().mean() > 0.95
    assert all(late < early for early, late in pairwise(losses[::20]))
