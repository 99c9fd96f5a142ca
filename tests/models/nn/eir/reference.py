"""The arithmetic of `sequence-default` once more, as plainly as it can be written: a loop over windows, no fused call.

Follows the description of EIR's extractor step by step, on our parameters; evaluation mode.
"""

import math

import torch
from torch import Tensor

from models.nn.eir.sequence_default import SequenceDefault


def features(model: SequenceDefault, embedded: Tensor) -> Tensor:
    """(B, T, d) -> what `model` should answer."""
    x = embedded * math.sqrt(model.width) + model.positions()
    batch, length, width = x.shape
    count = math.ceil(length / model.window)
    x = torch.cat([torch.zeros(batch, count * model.window - length, width, dtype=x.dtype), x], dim=1)
    windows = []
    for i in range(count):
        window = x[:, i * model.window : (i + 1) * model.window]
        for block in model.blocks:
            window = _block(block, window)
        windows.append(window)
    if model.pool == "avg":
        return torch.cat([w.mean(1) for w in windows], dim=1)
    if model.pool == "max":
        return torch.cat([w.max(1).values for w in windows], dim=1)
    return torch.cat(windows, dim=1)


def _block(block: torch.nn.Module, x: Tensor) -> Tensor:
    x = x + block.attention_scale.gamma * _attention(block.attention, _rms(x, block.attention_norm.weight))
    return x + block.feed_forward_scale.gamma * _swiglu(block.feed_forward, _rms(x, block.feed_forward_norm.weight))


def _rms(x: Tensor, weight: Tensor) -> Tensor:
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + torch.finfo(x.dtype).eps) * weight


def _attention(attention: torch.nn.Module, x: Tensor) -> Tensor:
    q, k, v = (x @ w.T for w in attention.qkv.weight.chunk(3))
    size = x.shape[-1] // attention.heads
    heads = []
    for h in range(attention.heads):
        part = slice(h * size, (h + 1) * size)
        scores = _turn(q[..., part]) @ _turn(k[..., part]).mT / math.sqrt(size)
        if attention.masked:
            ahead = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
            scores = scores.masked_fill(ahead, -torch.inf)
        heads.append(torch.softmax(scores, -1) @ v[..., part])
    return torch.cat(heads, -1) @ attention.out.weight.T


def _turn(x: Tensor) -> Tensor:
    """Pair (2i, 2i+1) turned by t * 10000^(-2i / size), written out with sines and cosines."""
    size = x.shape[-1]
    t = torch.arange(x.shape[1], dtype=x.dtype)[:, None]
    angle = t * 10000.0 ** (-torch.arange(0, size, 2, dtype=x.dtype) / size)
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = torch.empty_like(x)
    turned[..., 0::2] = even * angle.cos() - odd * angle.sin()
    turned[..., 1::2] = even * angle.sin() + odd * angle.cos()
    return turned


def _swiglu(feed_forward: torch.nn.Module, x: Tensor) -> Tensor:
    w1, w2 = feed_forward.gate_up.weight.chunk(2)
    gate = x @ w1.T
    return (gate * torch.sigmoid(gate) * (x @ w2.T)) @ feed_forward.down.weight.T
