"""Bytes read as numbers: integers and floats of either byte order, aligned to the file and not to the piece."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from models.nn.octet.pieces import Pieces
from models.nn.vocabulary import PAD
from models.packed.readings import Reading, item_size


def read_numbers(pieces: Pieces, reading: Reading, phase: int = 0) -> tuple[Tensor, Tensor]:
    """The numbers of each piece -> (values (B, N) float32, there (B, N) bool); zeros where no whole number is there.

    N = T // size. A number begins at every byte of the *file* whose offset is `phase` modulo the size: a piece that
    begins elsewhere loses its first bytes. Integers are scaled to [-1, 1), floats are as they are, NaN and infinity 0.
    """
    size = item_size(reading)
    batch, count = len(pieces), pieces.tokens.shape[1] // size
    # Bytes behind a piece stand in for those that an unaligned one loses in front.
    tokens = F.pad(pieces.tokens, (0, size - 1), value=PAD)
    skip_B = (phase - pieces.starts) % size
    at_BN = skip_B[:, None] + torch.arange(count * size, device=tokens.device)
    tokens_BNs = tokens.gather(1, at_BN).view(batch, count, size)
    there_BN = (tokens_BNs != PAD).all(-1)
    values_BN = _value(tokens_BNs & 255, reading)
    return torch.where(there_BN, values_BN, 0.0), there_BN


def _value(bytes_BNs: Tensor, reading: Reading) -> Tensor:
    """Bytes (B, N, size) int64 -> (B, N) float32."""
    size = bytes_BNs.shape[-1]
    if reading.endswith("be"):
        bytes_BNs = bytes_BNs.flip(-1)
    places = torch.tensor([1 << (8 * i) for i in range(size)], device=bytes_BNs.device)
    whole_BN = (bytes_BNs * places).sum(-1)
    half = 1 << (8 * size - 1)
    if reading[0] == "u":
        return (whole_BN - half).float() / half + 0.5 / half
    signed_BN = torch.where(whole_BN >= half, whole_BN - 2 * half, whole_BN)
    if reading[0] == "i":
        return signed_BN.float() / half
    return signed_BN.int().view(torch.float32).nan_to_num(0.0, 0.0, 0.0)


def scaled(values_BN: Tensor, there_BN: Tensor, *, most: float = 20.0) -> tuple[Tensor, Tensor]:
    """Each piece brought to one loudness -> (values (B, N), log of its scale (B,)); zeros stay where nothing is.

    The mean is subtracted, then divided by the squared mean of the roots of magnitudes, which a few outliers (a header,
    a click) hardly move, as they would move a variance; what still lies beyond `most` is clipped.
    """
    count_B1 = there_BN.sum(1, keepdim=True).clamp(min=1)
    values_BN = values_BN.clamp(-1e30, 1e30)
    centred_BN = torch.where(there_BN, values_BN - values_BN.sum(1, keepdim=True) / count_B1, 0.0)
    scale_B1 = (centred_BN.abs().sqrt().sum(1, keepdim=True) / count_B1).square() + 1e-12
    return (centred_BN / scale_B1).clamp(-most, most), scale_B1.squeeze(1).log() / math.log(1e6)
