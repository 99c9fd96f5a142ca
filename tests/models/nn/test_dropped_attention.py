"""Attention with dropped weights is torch's attention, with the masks of its stream on the weights."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from models.nn.dropped_attention import dropped_attention
from models.nn.masks import ByteMasks
from models.nn.rope import rotate, turns

N, W, H, D = 3, 20, 2, 4


def random_qkv(dtype: torch.dtype = torch.float32, size: float = 1.0) -> Tensor:
    torch.manual_seed(0)
    return (torch.randn(N, W, 3, H, D, dtype=dtype) * size).requires_grad_()


def heads_of(qkv: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    q, k = rotate(qkv[:, :, :2], turns(W, D)[:, None, None]).unbind(2)
    return q.transpose(1, 2), k.transpose(1, 2), qkv[:, :, 2].transpose(1, 2)


def explicit(qkv: Tensor, kept: Tensor, p: float, causal: bool) -> Tensor:
    """Scores, softmax, mask, product: one after another, all in memory."""
    q, k, v = heads_of(qkv)
    scores = q @ k.mT / math.sqrt(D)
    if causal:
        scores = scores.masked_fill(torch.ones(W, W, dtype=torch.bool).triu(1), -torch.inf)
    weights = torch.softmax(scores, -1) * kept.view(N, H, W, W) / (1 - p)
    return (weights @ v).transpose(1, 2)


@pytest.mark.parametrize("causal", [False, True])
def test_with_p_0_it_is_torchs_fused_attention(causal: bool):
    qkv = random_qkv()
    ours = dropped_attention(qkv, turns(W, D), 0.0, ByteMasks(1), causal)
    fused = F.scaled_dot_product_attention(*heads_of(qkv), is_causal=causal).transpose(1, 2)
    torch.testing.assert_close(ours, fused, rtol=1e-5, atol=1e-6)
    weights = torch.randn_like(fused)
    torch.testing.assert_close(
        torch.autograd.grad(ours, qkv, weights), torch.autograd.grad(fused, qkv, weights), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("p", [0.1, 0.6])
def test_it_equals_the_explicit_formula_with_the_same_mask(p: float, causal: bool):
    qkv = random_qkv(torch.double)
    ours = dropped_attention(qkv, turns(W, D), p, ByteMasks(2), causal)
    plain = explicit(qkv, ByteMasks(2).draw((N * H, W, W), p), p, causal)
    torch.testing.assert_close(ours, plain)
    weights = torch.randn_like(plain)
    torch.testing.assert_close(torch.autograd.grad(ours, qkv, weights), torch.autograd.grad(plain, qkv, weights))


@pytest.mark.parametrize("causal", [False, True])
def test_its_gradient_is_that_of_finite_differences(causal: bool):
    qkv = random_qkv(torch.double)[:1, :6].detach().requires_grad_()
    turned = turns(6, D).to(torch.complex128)
    assert torch.autograd.gradcheck(lambda x: dropped_attention(x, turned, 0.3, ByteMasks(3), causal), (qkv,))


def test_its_mean_over_many_masks_is_attention_without_dropout():
    qkv = random_qkv().detach()[:1]
    masks = ByteMasks(4)
    mean = dropped_attention(qkv.repeat(4000, 1, 1, 1, 1), turns(W, D), 0.1, masks, False).mean(0, keepdim=True)
    whole = dropped_attention(qkv, turns(W, D), 0.0, masks, False)
    assert (mean - whole).abs().max() < 0.02


def test_huge_scores_stay_finite():
    qkv = random_qkv(size=300.0)
    answer = dropped_attention(qkv, turns(W, D), 0.1, ByteMasks(5), False)
    (grad,) = torch.autograd.grad(answer.sum(), qkv)
    assert answer.isfinite().all()
    assert grad.isfinite().all()


def test_pieces_do_not_show(monkeypatch: pytest.MonkeyPatch):
    """The rows worked on at a time are a matter of speed only."""
    whole = dropped_attention(random_qkv(), turns(W, D), 0.1, ByteMasks(6), False)
    monkeypatch.setattr("models.nn.dropped_attention.SCORES_AT_ONCE", 4 * W * W)
    torch.testing.assert_close(dropped_attention(random_qkv(), turns(W, D), 0.1, ByteMasks(6), False), whole)
