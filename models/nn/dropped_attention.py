"""Attention with dropped weights on the CPU, where torch's fused call takes a slow road as soon as weights are dropped.

The same function: softmax(q k^T / sqrt(D)), each weight kept with probability 1 - p and divided by it, times v. Three
things make it cheap: masks by the byte (masks.py); a few matrices at a time, so that scores never leave the cache; and
scores recomputed in the backward pass, so that one byte a score is stored, not three floats. Products are arranged so
that the long axis is the last one of the result: there the matrix library is four times as fast as with D columns.

Legend: R = rows at a time, a row being one head of one window; scores stand in units of log 2 (exp2 is twice as fast).
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from models.nn.masks import ByteMasks
from models.nn.rope import rotate

SCORES_AT_ONCE = 2**18
"""How many scores are worked on at a time: 1 MB of float32, near the second-level cache of a core. By measurement."""

LARGEST_SCORE = 110.0
"""In units of log 2. While |q| |k| stays below, exp2 of a score and a sum of 2^15 of them fit float32 as they are, and
their largest need not be searched for and subtracted."""


def dropped_attention(qkv: Tensor, turns: Tensor, p: float, masks: ByteMasks, causal: bool) -> Tensor:
    """qkv (N, W, 3, H, D) before rotation, turns (W, D / 2) complex -> (N, W, H, D). Differentiable in qkv, once."""
    answer: Tensor = _DroppedAttention.apply(qkv, turns, p, masks, causal)  # type: ignore[no-untyped-call]
    return answer


class _DroppedAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, qkv: Tensor, turns: Tensor, p: float, masks: ByteMasks, causal: bool) -> Tensor:
        windows, length, _, heads, width = qkv.shape
        turned = rotate(qkv[:, :, :2], _scaled(turns, 1.0 / (math.log(2.0) * math.sqrt(width)), 1.0))
        q, k = (_rows(turned[:, :, i]) for i in (0, 1))
        v = _rows(qkv[:, :, 2])
        kept = masks.draw((len(q), length, length), p)
        future = _future(length, qkv.device) if causal else None
        out_RDW = v.new_empty(len(q), width, length)
        normaliser = v.new_empty(len(q), length, 1)
        small = bool(q.square().sum(-1).amax() * k.square().sum(-1).amax() < LARGEST_SCORE**2)
        for q_, k_, v_, kept_, out_, normaliser_ in _pieces(length, q, k.mT, v.mT, kept, out_RDW, normaliser):
            weights = torch.bmm(q_, k_)
            if future is not None:
                weights.masked_fill_(future, -torch.inf)
            largest = None if small else weights.amax(-1, keepdim=True)
            if largest is not None:
                weights.sub_(largest)
            total = weights.exp2_().sum(-1, keepdim=True)
            torch.log2(total, out=normaliser_)
            if largest is not None:
                normaliser_.add_(largest)
            weights.mul_(kept_.to(weights.dtype))
            torch.bmm(v_, weights.mT, out=out_).div_(total.mul_(1.0 - p).mT)
        ctx.save_for_backward(q, k, v, out_RDW, normaliser, kept, turns)
        ctx.p, ctx.future = p, future
        return out_RDW.view(windows, heads, width, length).permute(0, 3, 1, 2).contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None, None]:
        q, k, v, out_RDW, normaliser, kept, turns = ctx.saved_tensors
        windows, length, heads, width = grad.shape
        g = _rows(grad)
        # Softmax subtracts from the gradient of each weight its mean under the weights: the product of out and grad.
        mean = -(g * out_RDW.mT).sum(-1, keepdim=True)
        g = g * (1.0 / (1.0 - ctx.p))
        grads = g.new_empty(3, *out_RDW.shape)
        for q_, k_, v_, g_, kept_, mean_, normaliser_, *of_qkv in _pieces(
            length, q, k, v, g, kept, mean, normaliser, *grads
        ):
            weights = torch.bmm(q_, k_.mT)
            if ctx.future is not None:
                weights.masked_fill_(ctx.future, -torch.inf)
            weights.sub_(normaliser_).exp2_()
            mask = kept_.to(weights.dtype)
            of_weights = torch.bmm(g_, v_.mT)
            of_scores = torch.addcmul(mean_, of_weights, mask, out=of_weights).mul_(weights)
            torch.bmm(k_.mT, of_scores.mT, out=of_qkv[0])
            torch.bmm(q_.mT, of_scores, out=of_qkv[1])
            torch.bmm(g_.mT, weights.mul_(mask), out=of_qkv[2])
        joint = grads.view(3, windows, heads, width, length).permute(1, 4, 0, 2, 3).contiguous()
        back = _scaled(turns.conj(), 1.0 / math.sqrt(width), math.log(2.0))
        joint[:, :, :2] = rotate(joint[:, :, :2], back)
        return joint, None, None, None, None


def _pieces(length: int, *tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """The tensors cut along their rows into pieces of about SCORES_AT_ONCE scores, piece beside piece."""
    rows = max(1, SCORES_AT_ONCE // length**2)
    return zip(*(torch.split(t, rows) for t in tensors), strict=True)


def _rows(x: Tensor) -> Tensor:
    """(N, W, H, D) -> (N * H, W, D), contiguous."""
    windows, length, heads, width = x.shape
    return x.transpose(1, 2).reshape(windows * heads, length, width)


def _scaled(turns: Tensor, q: float, k: float) -> Tensor:
    """Turns (W, D / 2) -> (W, 2, 1, D / 2): of queries times q, of keys times k."""
    return torch.stack((turns * q, turns * k), dim=1).unsqueeze(2)


def _future(length: int, device: torch.device) -> Tensor:
    """(W, W) bool, True where a token would look ahead."""
    return torch.ones(length, length, dtype=torch.bool, device=device).triu_(1)
