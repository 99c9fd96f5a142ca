"""Byte masks drop each element with probability p exactly, independently between rows, fixed by their seed."""

import pytest
import torch

from models.nn.masks import ByteMasks, dropout


@pytest.mark.parametrize("p", [0.001, 0.05, 0.1, 0.5, 0.77, 0.999])
def test_the_share_of_dropped_elements_is_p(p: float):
    kept = ByteMasks(1).draw((20_000, 128), p).float()
    error = (p * (1 - p) / kept.numel()) ** 0.5
    threshold_error = 1 / 128 / 2 / 20_000**0.5
    assert abs(1 - kept.mean().item() - p) < 5 * (error + threshold_error)


def test_every_place_of_a_row_is_dropped_alike():
    """Eight entries come from one word: none of the eight places may be better off."""
    share = 1 - ByteMasks(2).draw((100_000, 16), 0.1).float().mean(0)
    assert (share - 0.1).abs().max() < 5 * (0.09 / 100_000) ** 0.5


def test_neighbours_do_not_hang_together():
    x = ByteMasks(3).draw((50_000, 64), 0.1).double() - 0.9
    for distance in (1, 2, 7, 8, 9):
        correlation = (x[:, distance:] * x[:, :-distance]).mean() / 0.09
        assert abs(correlation) < 5e-3, distance
    assert abs((x[1:] * x[:-1]).mean() / 0.09) < 5e-3


def test_p_0_keeps_all_and_p_1_drops_all():
    assert ByteMasks(4).draw((10, 50), 0.0).all()
    assert not ByteMasks(4).draw((10, 50), 1.0).any()


@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 8), (7,), (4, 1)])
def test_any_shape_is_drawn_as_zeros_and_ones(shape: tuple[int, ...]):
    kept = ByteMasks(5).draw(shape, 0.5)
    assert kept.shape == shape
    assert kept.dtype == torch.uint8
    assert set(kept.unique().tolist()) <= {0, 1}


def test_a_seed_fixes_the_whole_stream():
    one, other = ByteMasks(6), ByteMasks(6)
    for _ in range(2):
        assert torch.equal(one.draw((5, 40), 0.3), other.draw((5, 40), 0.3))
    assert not torch.equal(one.draw((5, 40), 0.3), ByteMasks(7).draw((5, 40), 0.3))


def test_dropout_scales_what_it_keeps_and_its_gradient_likewise():
    x = torch.ones(1000, 16, requires_grad=True)
    y = dropout(x, 0.25, True, ByteMasks(8))
    assert y.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    y.sum().backward()
    assert torch.equal(x.grad, y)
    assert y.mean().item() == pytest.approx(1.0, abs=0.02)


def test_dropout_outside_training_is_the_identity():
    x = torch.randn(3, 4)
    assert torch.equal(dropout(x, 0.5, False, None), x)
