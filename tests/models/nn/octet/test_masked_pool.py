"""Pooling over frames: the sizes it says, padding invisible, empty rows harmless."""

import torch

from models.nn.octet.masked_pool import MaskedPool


def test_it_gives_the_features_it_says_whatever_the_padding():
    torch.manual_seed(0)
    pool, x = MaskedPool(6, queries=3), torch.randn(2, 5, 6)
    alone = pool(x, torch.ones(2, 5, dtype=torch.bool))
    assert alone.shape == (2, pool.features) == (2, 30)
    padded = pool(torch.cat((x, torch.zeros(2, 7, 6)), 1), torch.arange(12).expand(2, -1) < 5)
    torch.testing.assert_close(padded, alone, rtol=1e-5, atol=1e-6)


def test_mean_and_maximum_stand_behind_the_attention():
    pool, x = MaskedPool(4, queries=1), -torch.rand(1, 3, 4) - 1
    out = pool(torch.cat((x, torch.zeros(1, 2, 4)), 1), torch.tensor([[True, True, True, False, False]]))
    torch.testing.assert_close(out[:, 4:8], x.mean(1))
    torch.testing.assert_close(out[:, 8:], x.amax(1))


def test_a_row_without_frames_is_zeros_and_has_finite_gradients():
    pool, x = MaskedPool(4), torch.zeros(2, 3, 4, requires_grad=True)
    out = pool(x, torch.tensor([[False] * 3, [True] * 3]))
    assert not out[0].any()
    out.sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
