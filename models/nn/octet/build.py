"""From a complete `octet` config to the deep network: each view in the dimensions of its size, side by side."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from models.config.octet import SIZES, Dimensions
from models.nn.octet.ensemble import OctetEnsemble
from models.nn.octet.network import OctetNet
from models.nn.octet.view import View
from models.nn.octet.view_bytes import BytesView
from models.nn.octet.view_ngrams import NgramView
from models.nn.octet.view_statistics import StatisticsView

if TYPE_CHECKING:
    from models.config.octet import OctetConfig

ORDERS = (2, 3, 4, 6)
"""Lengths of the n-grams that the deep network looks up."""


def build_deep(octet: "OctetConfig", outputs: Mapping[str, int]) -> OctetEnsemble:
    """The members of a complete config (no null among size, views, stride, members). outputs: numbers of each target.

    Raises ValueError when a view lacks what it reads by.
    """
    assert octet.size is not None and octet.views is not None and octet.members is not None
    size, names = SIZES[octet.size], octet.views

    def member() -> OctetNet:
        return OctetNet({name: VIEWS[name](octet, size) for name in names}, outputs, width=size.joint)

    return OctetEnsemble([member() for _ in range(octet.members)])


def _bytes(octet: "OctetConfig", size: Dimensions) -> View:
    assert octet.stride is not None
    return BytesView(
        width=size.width,
        stride=octet.stride,
        channels=size.channels,
        orders=ORDERS[:3],
        bits=size.bits - 2,
        ngram_width=size.ngram_width,
        convs=size.convs,
        layers=size.layers,
        heads=size.heads,
    )


def _ngrams(_: "OctetConfig", size: Dimensions) -> View:
    return NgramView(ORDERS, bits=size.bits, width=size.ngram_width)


def _statistics(_: "OctetConfig", size: Dimensions) -> View:
    return StatisticsView(size.width)


VIEWS: Mapping[str, Callable[["OctetConfig", Dimensions], View]] = {
    "bytes": _bytes,
    "ngrams": _ngrams,
    "statistics": _statistics,
}
"""What builds each view that a config may name."""
