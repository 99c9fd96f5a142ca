"""The byte view knows bytes as numbers, places at both ends of a file and order; padding means nothing to it."""

import pytest
import torch
from torch.nn import functional as F

from models.nn.octet.pieces import Pieces
from models.nn.octet.view_bytes import ENDS, BytesView, EndPositions, byte_numbers, place_waves
from tests.models.nn.octet.batches import some_files, whole


def small(stride: int = 4, **more: object) -> BytesView:
    torch.manual_seed(0)
    options = {"width": 16, "channels": 20, "bits": 10, "ngram_width": 4, "convs": 1, "heads": 2, "window": 16}
    return BytesView(stride=stride, **{**options, **more})  # type: ignore[arg-type]


def test_bytes_are_numbers_to_it():
    numbers = byte_numbers()
    assert numbers.shape == (256, 16)
    assert numbers.abs().max() <= 1.001
    assert (numbers[1:, 0] > numbers[:-1, 0]).all()
    assert numbers[255, 1] == pytest.approx(-1 / 128)
    assert numbers[0b10000001, 2:10].tolist() == [1, -1, -1, -1, -1, -1, -1, 1]
    torch.testing.assert_close(small().bytes.weight[:256, :16].detach(), numbers * 0.5)


@pytest.mark.parametrize("stride", [1, 4, 8, 16])
@pytest.mark.parametrize("padding", [1, 5, 64, 333])
def test_padding_beside_a_file_changes_nothing(stride: int, padding: int):
    view, files = small(stride).eval(), some_files(5, longest=150)
    near = view(whole(files))
    assert near.shape == (5, view.features)
    torch.testing.assert_close(near, view(whole(files, padding=padding)), atol=1e-5, rtol=0)
    torch.testing.assert_close(near[2:3], view(whole(files[2:3])), atol=1e-5, rtol=0)


def test_a_file_of_one_byte_and_an_empty_one_are_finite():
    assert small(8).eval()(whole([b"", b"a", b"ab" * 30])).isfinite().all()


def test_places_count_from_both_ends_of_the_file_and_not_of_the_piece():
    ends = EndPositions(6)
    file = torch.arange(5000) % 250
    lengths = torch.tensor([5000])
    first = Pieces(file[None, :40], torch.tensor([0]), lengths, torch.zeros(1, 256))
    inner = Pieces(file[None, 30:70], torch.tensor([30]), lengths, torch.zeros(1, 256))
    middle = Pieces(file[None, 2000:2040], torch.tensor([2000]), lengths, torch.zeros(1, 256))
    last = Pieces(file[None, 4960:], torch.tensor([4960]), lengths, torch.zeros(1, 256))
    torch.testing.assert_close(ends(first)[:, 30:], ends(inner)[:, :10])
    assert (ends(middle) == 0).all()
    torch.testing.assert_close(ends(last)[0, -1], ends.last[0])
    assert ENDS == len(ends.first) == len(ends.last)


def test_waves_stand_still_when_a_batch_grows():
    files = some_files(3, longest=64)
    near, far = place_waves(whole(files), 4), place_waves(whole(files, padding=40), 4)
    torch.testing.assert_close(near, far[:, : near.shape[1]])


@pytest.mark.parametrize("orders", [(), (2, 3)])
def test_it_learns_an_order_that_no_count_of_bytes_tells(orders: tuple[int, ...]):
    """Class 1: the one 'a' stands before the one 'b'."""
    torch.manual_seed(1)
    places = [torch.randperm(24)[:2].tolist() for _ in range(128)]
    labels = torch.tensor([a < b for a, b in places]).long()
    files = whole([bytes(97 if i == a else 98 if i == b else 46 for i in range(24)) for a, b in places])
    view = small(1, orders=orders, dropout=0.0, layers=1)
    head = torch.nn.Linear(view.features, 2)
    optimiser = torch.optim.Adam([p for p in [*view.parameters(), *head.parameters()] if p.shape[0] != 2**10], lr=1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        F.cross_entropy(head(view(files)), labels).backward()
        optimiser.step()
    assert (head(view.eval()(files)).argmax(1) == labels).float().mean() > 0.93


def test_hidden_n_grams_are_drawn_in_training_only():
    view = small(dropout=0.0, id_dropout=0.5)
    files = whole(some_files(2))
    assert not torch.equal(view.train()(files), view(files))
    assert torch.equal(view.eval()(files), view(files))
