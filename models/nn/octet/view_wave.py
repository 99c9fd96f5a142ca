"""A view for oscillating data: bytes read as a signal, a bank of trained filters, log energies over time.

A log-mel spectrogram whose filters and bands are trained: quadrature pairs that start as a windowed Fourier transform,
squares of the two phases summed, non-negative sums of neighbours that start as triangles on a logarithmic axis, and the
logarithm (Zeghidour et al. 2018, "Learning filterbanks from raw speech"). Masks over bands and times in training are
those of SpecAugment (Park et al. 2019).

Legend: B = pieces, N = samples, K = samples under a filter, F = frames, P = pairs of filters, M = bands, d = width.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.nn.octet.frames import FrameEncoder
from models.nn.octet.masked_pool import MaskedPool
from models.nn.octet.numbers import read_numbers, scaled
from models.nn.octet.pieces import Pieces
from models.nn.octet.view import View
from models.packed.readings import Reading

STRIPES, MASKED = 2, 0.15
"""Masks of each axis in training, and the largest share of it that each hides."""
FLOOR = 1e-3
"""Added to an energy before its logarithm; the energy of a signal of scale 1 is about 1."""


class FilterBank(nn.Module):
    """(B, N) signal -> (B, F, M) log energies, F = ceil(N / hop); frame f is centred on its own hop samples."""

    def __init__(self, bands: int, kernel: int, hop: int) -> None:
        super().__init__()
        self.kernel, self.hop = kernel, hop
        pairs = kernel // 2
        window = torch.hann_window(kernel, periodic=True)
        angles = math.pi * torch.arange(1, pairs + 1)[:, None] / pairs * (torch.arange(kernel) - kernel / 2)
        filters = torch.cat((angles.cos(), angles.sin())) * window
        self.filters = nn.Parameter(filters * (2.0 / kernel) ** 0.5)
        self.bands = nn.Parameter(_triangles(bands, pairs))

    def forward(self, signal_BN: Tensor) -> Tensor:
        """(B, N) -> (B, F, M)."""
        frames = -(-signal_BN.shape[1] // self.hop)
        front = (self.kernel - self.hop) // 2
        behind = (frames - 1) * self.hop + self.kernel - front - signal_BN.shape[1]
        cut_BFK = F.pad(signal_BN, (front, behind)).unfold(1, self.kernel, self.hop)
        phases_BFp = cut_BFK.reshape(-1, self.kernel) @ self.filters.T
        cosine_BFP, sine_BFP = phases_BFp.square().chunk(2, dim=-1)
        energies_BFM = (cosine_BFP + sine_BFP) @ self.bands.abs().T
        return (energies_BFM + FLOOR).log().view(len(signal_BN), frames, -1)


def _triangles(bands: int, pairs: int) -> Tensor:
    """(M, P): overlapping triangles, centres evenly spaced in log(1 + f / f0) with f0 an eighth of the highest."""
    place = torch.log1p(8.0 * torch.arange(1, pairs + 1) / pairs) / math.log(9.0) * (bands + 1)
    weights = (1.0 - (place - torch.arange(1, bands + 1)[:, None]).abs()).clamp(min=0.0)
    return weights / weights.sum(1, keepdim=True).clamp(min=0.5) + 1e-3


class WaveView(View):
    """Filter bank, masks, FrameEncoder, MaskedPool; two numbers more say how loud the piece was and how long it is.

    reading, phase: how bytes are read (models.packed.probes); kernel, hop: in samples; stride: frames of the bank for
    one of the body; stretch: in training each piece is played faster or slower by up to this share.
    """

    def __init__(
        self,
        reading: Reading,
        *,
        phase: int = 0,
        bands: int = 64,
        kernel: int = 256,
        hop: int = 64,
        stride: int = 2,
        width: int = 96,
        convs: int = 3,
        layers: int = 2,
        heads: int = 4,
        window: int = 128,
        dropout: float = 0.1,
        stretch: float = 0.1,
    ) -> None:
        super().__init__()
        self.reading, self.phase, self.stretch = reading, phase, stretch
        self.bank = FilterBank(bands, kernel, hop)
        self.gain = nn.Parameter(torch.full((bands,), 0.35))
        self.bias = nn.Parameter(torch.full((bands,), 0.35))
        self.into = nn.Conv1d(bands, width, 5, stride, padding=2)
        self.stride = stride
        self.body = FrameEncoder(width, convs=convs, layers=layers, heads=heads, window=window, dropout=dropout)
        self.pool = MaskedPool(width)
        self.features = self.pool.features + 2

    def forward(self, pieces: Pieces) -> Tensor:
        """A batch of pieces -> (B, features)."""
        values_BN, there_BN = read_numbers(pieces, self.reading, self.phase)
        signal_BN, level_B = scaled(values_BN, there_BN)
        size_B = there_BN.sum(1).clamp(min=1).log() / math.log(1e6)
        if self.training and self.stretch and signal_BN.shape[1]:
            signal_BN, there_BN = stretched(signal_BN, there_BN, self.stretch)
        # Whole hops, and one at least: a piece without a single number is a frame that is not there.
        missing = -signal_BN.shape[1] % self.bank.hop if signal_BN.shape[1] else self.bank.hop
        signal_BN, there_BN = F.pad(signal_BN, (0, missing)), F.pad(there_BN, (0, missing))
        there_BF = there_BN.view(len(pieces), -1, self.bank.hop).any(-1)
        x_BFM = self.bank(signal_BN) * self.gain + self.bias
        if self.training:
            frames_B = there_BF.sum(1)
            x_BFM = mask_stripes(x_BFM, 1, frames_B)
            x_BFM = mask_stripes(x_BFM, 2, torch.full_like(frames_B, x_BFM.shape[2]))
        x_BFd = self.into((x_BFM * there_BF.unsqueeze(-1)).mT).mT
        there_BF = there_BF[:, :: self.stride]
        pooled = self.pool(self.body(x_BFd, there_BF), there_BF)
        return torch.cat((pooled, level_B.unsqueeze(1), size_B.unsqueeze(1)), dim=1)


def stretched(signal_BN: Tensor, there_BN: Tensor, most: float) -> tuple[Tensor, Tensor]:
    """Each piece played slower or faster by a random factor 1 - most ... 1 + most -> (signal, there), (B, N) as before.

    Speed perturbation (Ko et al. 2015) by linear interpolation; what a slower piece no longer has room for is cut off.
    """
    count = signal_BN.shape[1]
    rate_B1 = 1.0 + most * (2.0 * torch.rand(len(signal_BN), 1, device=signal_BN.device) - 1.0)
    at_BN = torch.arange(count, device=signal_BN.device) * rate_B1
    low_BN = at_BN.long().clamp(max=count - 1)
    high_BN = (low_BN + 1).clamp(max=count - 1)
    there_BN = there_BN.gather(1, low_BN) & (at_BN < count)
    found_BN = torch.lerp(signal_BN.gather(1, low_BN), signal_BN.gather(1, high_BN), at_BN - low_BN)
    return torch.where(there_BN, found_BN, 0.0), there_BN


def mask_stripes(x_BFM: Tensor, axis: int, sizes_B: Tensor) -> Tensor:
    """Sets STRIPES random stripes of each piece to 0, each up to MASKED of its size on axis 1 (time) or 2 (bands)."""
    draw = torch.rand(2, len(x_BFM), STRIPES, 1, device=x_BFM.device)
    long = draw[0] * MASKED * sizes_B[:, None, None]
    begin = draw[1] * (sizes_B[:, None, None] - long)
    place = torch.arange(x_BFM.shape[axis], device=x_BFM.device)
    hidden = ((place >= begin) & (place < begin + long)).any(1)
    return x_BFM.masked_fill(hidden.unsqueeze(3 - axis), 0.0)
