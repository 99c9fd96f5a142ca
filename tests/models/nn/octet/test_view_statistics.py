"""Statistics are of the whole file: the same for each of its pieces, right in their values, and learnt from."""

import torch
from torch.nn import functional as F

from models.nn.octet.pieces import Pieces
from models.nn.octet.view_statistics import NUMBERS, StatisticsView, file_statistics
from tests.models.nn.octet.batches import some_files, whole


def test_the_numbers_of_known_files():
    found = file_statistics(whole([bytes(range(256)), b"\0" * 64, b"\xff"]))
    assert found.shape == (3, NUMBERS)
    zero, full, entropy, values, _, odd = found[:, -6:].unbind(1)
    torch.testing.assert_close(zero, torch.tensor([1 / 256, 1.0, 0.0]))
    torch.testing.assert_close(full, torch.tensor([1 / 256, 0.0, 1.0]))
    torch.testing.assert_close(entropy, torch.tensor([1.0, 0.0, 0.0]))
    torch.testing.assert_close(values, torch.tensor([1.0, 1 / 256, 1 / 256]))
    assert odd.tolist() == [0.0, 0.0, 1.0]
    bits = found[:, 512:520]
    torch.testing.assert_close(bits, torch.tensor([[0.5] * 8, [0.0] * 8, [1.0] * 8]))


def test_files_of_any_length_give_finite_numbers_of_a_small_range():
    files = whole([b"", b"a", b"\0" * 5000, *some_files(3, longest=3000)])
    found = file_statistics(files)
    assert found.isfinite().all()
    assert found.abs().max() <= 4


def test_pieces_of_a_file_have_the_features_of_the_file():
    view = StatisticsView(16).eval()
    file = whole(some_files(1))
    crop = Pieces(file.tokens[:, 10:30], torch.tensor([10]), file.lengths, file.histogram)
    assert torch.equal(view(file), view(crop))


def test_it_tells_bytes_of_one_range_from_bytes_of_another():
    torch.manual_seed(0)
    labels = torch.randint(0, 2, (64,))
    files = whole([bytes(torch.randint(60, 120 + 80 * int(y), (200,)).tolist()) for y in labels])
    view, head = StatisticsView(16), torch.nn.Linear(16, 2)
    optimiser = torch.optim.Adam([*view.parameters(), *head.parameters()], lr=1e-2)
    for _ in range(40):
        optimiser.zero_grad()
        F.cross_entropy(head(view(files)), labels).backward()
        optimiser.step()
    assert (head(view.eval()(files)).argmax(1) == labels).float().mean() == 1.0
