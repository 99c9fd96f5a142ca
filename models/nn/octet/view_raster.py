"""A view for period-coded data (rasters, tables of records): bytes folded into rows, small convolutions over both axes.

The fold is a helix, not a table: the byte after the last of a row is the first of the next row. So a header in front of
the data, which turns the columns, costs nothing: every neighbour i - 1, i + 1, i - p, i + p is where it should be.

Legend: B = pieces, T = bytes, R = rows, W = columns (units of a row), u = bytes of a unit, C = channels.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.nn.blocks import LayerScale
from models.nn.octet.masked_pool import MaskedPool
from models.nn.octet.pieces import Pieces
from models.nn.octet.view import View
from models.nn.vocabulary import PAD

GRID_CHANNELS = 16
GRID_PLACES = 128
"""Rasters whose last stage has more places than this are pooled only."""
FINE_PLACES = 2048
"""Rasters of more units than this are halved by the first convolution already."""


class HelixConv(nn.Module):
    """3 x 3 convolution over (B, C, R, W) whose columns wrap into the next row; stride (rows, columns), 1 or 2 each."""

    def __init__(self, channels: int, out: int, stride: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 3, stride, padding=0)

    def forward(self, x_BCRW: Tensor) -> Tensor:
        """(B, C, R, W) -> (B, out, ceil(R / stride), ceil(W / stride))."""
        # The empty row above and the one below take part in the wrapping: so empty rows that are there change nothing.
        x_BCRW = F.pad(x_BCRW, (0, 0, 1, 1))
        before = F.pad(x_BCRW[:, :, :-1, -1:], (0, 0, 1, 0))
        behind = F.pad(x_BCRW[:, :, 1:, :1], (0, 0, 0, 1))
        wrapped = torch.cat((before, x_BCRW, behind), dim=3)
        answer: Tensor = self.conv(wrapped.contiguous(memory_format=torch.channels_last))
        return answer


class RowsNorm(nn.Module):
    """Each place over the root of two mean squares, half its own over the channels, half that of the whole piece.

    Divisive normalisation (Heeger 1992). Its own alone would make the noise of an empty place as loud as a line, that
    of the piece alone learns noisy pictures less well.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x_BCRW: Tensor, there_B1RW: Tensor) -> Tensor:
        """(B, C, R, W), zeros where nothing is, and there (B, 1, R, W) float -> (B, C, R, W)."""
        place_B1RW = x_BCRW.square().mean(1, keepdim=True)
        count_B111 = there_B1RW.sum((1, 2, 3), keepdim=True).clamp(min=1)
        piece_B111 = place_B1RW.sum((1, 2, 3), keepdim=True) / count_B111
        scale_B1RW = torch.rsqrt((place_B1RW + piece_B111) / 2 + 1e-6)
        answer: Tensor = x_BCRW * scale_B1RW * self.weight[:, None, None]
        return answer


class RasterBlock(nn.Module):
    """x + g * conv(silu(conv(rms(x)))), zeros kept where nothing is (He et al. 2016, pre-activation)."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.norm = RowsNorm(channels)
        self.first = HelixConv(channels, channels)
        self.second = HelixConv(channels, channels)
        self.drop = nn.Dropout(dropout)
        self.scale = LayerScale(channels, 0.3)

    def forward(self, x_BCRW: Tensor, there_B1RW: Tensor) -> Tensor:
        """(B, C, R, W) and there (B, 1, R, W) float -> (B, C, R, W)."""
        hidden = F.silu(self.first(self.norm(x_BCRW, there_B1RW))) * there_B1RW
        grown = self.drop(self.second(hidden))
        answer: Tensor = x_BCRW + grown * (self.scale.gamma[:, None, None] * there_B1RW)
        return answer


class RasterStage(nn.Module):
    """Halves the axes that `stride` names, then residual blocks."""

    def __init__(self, channels: int, out: int, stride: tuple[int, int], blocks: int, dropout: float) -> None:
        super().__init__()
        self.stride = stride
        self.norm = RowsNorm(channels)
        self.down = HelixConv(channels, out, stride)
        self.blocks = nn.ModuleList(RasterBlock(out, dropout) for _ in range(blocks))

    def forward(self, x_BCRW: Tensor, there_B1RW: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, R, W) and there (B, 1, R, W) float -> both of the coarser places."""
        normed_BCRW = self.norm(x_BCRW, there_B1RW)
        there_B1RW = F.max_pool2d(there_B1RW, self.stride, self.stride, ceil_mode=True)
        x_BCRW = self.down(normed_BCRW) * there_B1RW
        for block in self.blocks:
            x_BCRW = block(x_BCRW, there_B1RW)
        return x_BCRW, there_B1RW


class RasterView(View):
    """Units of `unit` bytes folded to rows of `period` bytes, two strided stages of convolutions, MaskedPool.

    rows: of a usual piece, decides what is halved, and how many rows the grid has. grid: also give the last stage place
    by place (GRID_CHANNELS numbers each), for files of one length, unless it has more than GRID_PLACES. shift: in
    training each piece is moved by up to so many units and rows. Raises ValueError when units do not fill a row.
    """

    def __init__(
        self,
        period: int,
        *,
        unit: int = 1,
        rows: int = 32,
        grid: bool = False,
        shift: int = 0,
        widths: tuple[int, int, int] = (24, 48, 96),
        blocks: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if period % unit:
            raise ValueError(f"units of {unit} bytes do not fill rows of {period}")
        self.period, self.unit, self.columns, self.shift = period, unit, period // unit, shift
        places, strides = (rows, self.columns), [(1, 1)]
        if rows * self.columns > FINE_PLACES:
            strides = [_stride(places)]
            places = _halved(places, strides[0])
        for _ in widths[1:]:
            strides.append(_stride(places))
            places = _halved(places, strides[-1])
        self.fine, *later = strides
        self.values = nn.Embedding(257, 8, _weight=_numeric(8))
        self.column = nn.Parameter(torch.randn(8, 1, self.columns) * 0.02)
        self.stem = HelixConv(8 * unit + 8 + 3, widths[0], self.fine)
        self.stages = nn.ModuleList(
            RasterStage(a, b, stride, blocks, dropout)
            for a, b, stride in zip(widths[:-1], widths[1:], later, strict=True)
        )
        self.norm = RowsNorm(widths[-1])
        self.pool = MaskedPool(widths[-1])
        self.features = self.pool.features
        self.grid: nn.Conv2d | None = None
        if grid and places[0] * places[1] <= GRID_PLACES:
            self.grid_rows = places[0]
            self.grid = nn.Conv2d(widths[-1], GRID_CHANNELS, 1)
            self.features += GRID_CHANNELS * places[0] * places[1]

    def forward(self, pieces: Pieces) -> Tensor:
        """A batch of pieces -> (B, features)."""
        x_BCRW, there_B1RW = self._folded(pieces)
        there_B1RW = F.max_pool2d(there_B1RW, self.fine, self.fine, ceil_mode=True)
        x_BCRW = F.silu(self.stem(x_BCRW)) * there_B1RW
        for stage in self.stages:
            x_BCRW, there_B1RW = stage(x_BCRW, there_B1RW)
        x_BCRW = self.norm(x_BCRW, there_B1RW)
        pooled: Tensor = self.pool(x_BCRW.flatten(2).mT, there_B1RW.flatten(1) > 0)
        if self.grid is None:
            return pooled
        rows_BCRW = F.pad(x_BCRW, (0, 0, 0, max(0, self.grid_rows - x_BCRW.shape[2])))[:, :, : self.grid_rows]
        return torch.cat((pooled, F.silu(self.grid(rows_BCRW)).flatten(1)), dim=1)

    def _folded(self, pieces: Pieces) -> tuple[Tensor, Tensor]:
        """Channels of each unit (B, C, R, W) and whether its first byte is there (B, 1, R, W) float.

        A column is a place of the file modulo the period: one that begins inside a row leaves those before it empty.
        """
        tokens = pieces.tokens
        front_B = pieces.starts % self.period
        if self.training and self.shift:
            moves_2B = torch.randint(-self.shift, self.shift + 1, (2, len(tokens)), device=tokens.device)
            front_B = front_B + moves_2B[0] * self.unit + moves_2B[1] * self.period
        # One row more than the longest needs, for every batch alike: shifts and starts must not change the shape.
        rows = -(-tokens.shape[1] // self.period) + 1
        at_BT = torch.arange(rows * self.period, device=tokens.device) - front_B[:, None]
        inside = (at_BT >= 0) & (at_BT < tokens.shape[1])
        found_BT = torch.where(inside, tokens.gather(1, at_BT.clamp(0, tokens.shape[1] - 1)), PAD)
        units_BRWu = found_BT.view(len(tokens), rows, self.columns, self.unit)
        there_B1RW = (units_BRWu[..., 0] != PAD).float().unsqueeze(1)
        values = self.values(units_BRWu.clamp(max=256)).flatten(3).movedim(-1, 1)
        place = torch.linspace(-1, 1, self.columns, device=tokens.device).expand(rows, -1)
        row_BR = (pieces.starts // self.period)[:, None] + torch.arange(rows, device=tokens.device)
        near = torch.stack((torch.exp(-row_BR / 4.0), row_BR / (row_BR + 32.0)), 1)
        channels = (
            values,
            self.column.expand(len(tokens), -1, rows, -1),
            place.expand(len(tokens), 1, -1, -1),
            near.unsqueeze(-1).expand(-1, -1, -1, self.columns),
        )
        return torch.cat(channels, dim=1) * there_B1RW, there_B1RW


def _stride(places: tuple[int, int]) -> tuple[int, int]:
    """(rows, columns): an axis is halved while it has at least 8 places."""
    return 2 if places[0] >= 8 else 1, 2 if places[1] >= 8 else 1


def _halved(places: tuple[int, int], stride: tuple[int, int]) -> tuple[int, int]:
    """(rows, columns) that a convolution of this stride leaves."""
    return -(-places[0] // stride[0]), -(-places[1] // stride[1])


def _numeric(width: int) -> Tensor:
    """(257, width) start of the byte table: value, its waves of 1 and 2 periods, small noise; row 256 is padding."""
    value = torch.arange(257) / 127.5 - 1.0
    waves = [wave(math.pi * k * value) for k in (1, 2) for wave in (torch.sin, torch.cos)]
    table = torch.cat((torch.stack([value, *waves], 1), 0.1 * torch.randn(257, width - 5)), 1)
    table[256] = 0.0
    return table
