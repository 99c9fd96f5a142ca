"""Octet's own model says how much of a file its answer rests on, by what it was fitted with."""

import numpy as np
import pytest
import torch

from models.config import TargetSpec
from models.config.octet import SIZES, OctetConfig, WaveConfig
from models.nn.octet.build import build_deep
from models.nn.octet.cutting import answering_starts, bytes_seen
from models.nn.octet.frames import LocalAttention
from models.nn.registry import build_network
from models.nn.spread import spread
from tests.models.training.tasks import config_of

KIND = TargetSpec("kind", "categorical", classes=["a", "b"])
LONG = 3 << 20


def model(*, max_length=64, wide=True):
    octet = {"size": "nano", "views": ["statistics"], "stride": 2, "ngram_bits": 10, "members": 1, "wide": wide}
    config = config_of(cat=["kind"], max_length=max_length, model={"model_type": "octet", "octet": octet})
    return build_network(config, [KIND]).eval()


@pytest.mark.parametrize("piece", [64, 1024, 4096])
@pytest.mark.parametrize("length", [1, 1000, 64 * 64, 2**16, 64 * 4096 + 1, LONG])
def test_the_bytes_that_are_seen_are_those_of_the_pieces_and_of_the_counted_blocks(piece, length):
    seen = np.zeros(length, bool)
    for begin in answering_starts(length, piece):
        seen[begin : begin + piece] = True
    for begin, end in spread(length, 2**16, 2**10):
        seen[begin:end] = True
    assert bytes_seen(length, piece) == pytest.approx(seen.sum(), abs=64)


def test_without_a_fitted_wide_branch_a_file_is_read_in_pieces_alone():
    fitted = model()
    fitted.wide.set(kinds=np.array([0, 1, 2, 1]), hashes=np.array([5]), weights=np.ones((1, 1)), bias=np.zeros(1))
    assert fitted.wide.fitted
    assert fitted.reads(LONG) == fitted.cost(LONG) == LONG
    for other in (model(), model(wide=False)):
        assert other.reads(LONG) == other.cost(LONG) == 2**16
        assert other.reads(100) == 100


def test_bytes_that_are_not_read_change_no_answer():
    network, draw = model(wide=False), np.random.default_rng(0)
    file = draw.integers(0, 256, LONG, dtype=np.uint8)
    other = draw.integers(0, 256, LONG, dtype=np.uint8)
    for begin, end in spread(LONG, 2**16, 2**10):
        other[begin:end] = file[begin:end]
    for begin in answering_starts(LONG, 64):
        other[begin : begin + 64] = file[begin : begin + 64]
    with torch.no_grad():
        assert torch.equal(network.answer([file])["kind"], network.answer([other])["kind"])


@pytest.mark.parametrize("view", ["bytes", "wave"])
@pytest.mark.parametrize("size", ["nano", "small"])
def test_a_view_attends_with_the_heads_of_its_size(view, size):
    octet = OctetConfig(size=size, views=[view], wave=WaveConfig(), stride=8, ngram_bits=10, members=1)
    network = build_deep(octet, 64, {"kind": 2})
    heads = {module.heads for module in network.modules() if isinstance(module, LocalAttention)}
    assert heads == {SIZES[size].heads}
