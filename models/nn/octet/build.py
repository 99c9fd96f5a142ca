"""From a complete `octet` config to the deep network: each view in the dimensions of its size, side by side."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from models.config.octet import SIZES, Dimensions
from models.nn.octet.ensemble import OctetEnsemble
from models.nn.octet.network import OctetNet
from models.nn.octet.view import View
from models.nn.octet.view_bytes import BytesView
from models.nn.octet.view_fields import FieldsView
from models.nn.octet.view_ngrams import NgramView
from models.nn.octet.view_raster import RasterView
from models.nn.octet.view_statistics import StatisticsView
from models.nn.octet.view_wave import WaveView

if TYPE_CHECKING:
    from models.config.octet import OctetConfig

ORDERS = (2, 3, 4, 6)
"""Lengths of the n-grams that the deep network looks up."""

HIDDEN, HIDDEN_OF_FEW = 0.1, 0.3
"""Share of a record's numbers that training hides at a time; more in the smallest size, which few files train."""


def build_deep(octet: "OctetConfig", max_length: int, outputs: Mapping[str, int]) -> OctetEnsemble:
    """The members of a complete config. outputs: how many numbers each target has.

    Complete: no null among size, views, stride, ngram_bits and members. Raises ValueError for a view that lacks what
    it reads by.
    """
    assert octet.size is not None
    assert octet.views is not None
    assert octet.members is not None
    size, names = SIZES[octet.size], octet.views

    def member() -> OctetNet:
        return OctetNet({name: VIEWS[name](octet, size, max_length) for name in names}, outputs, width=size.joint)

    return OctetEnsemble([member() for _ in range(octet.members)])


def _bits(octet: "OctetConfig") -> int:
    assert octet.ngram_bits is not None
    return octet.ngram_bits


def _bytes(octet: "OctetConfig", size: Dimensions, _: int) -> View:
    assert octet.stride is not None
    return BytesView(
        width=size.width,
        stride=octet.stride,
        channels=size.channels,
        orders=ORDERS[:3],
        bits=_bits(octet) - 2,
        ngram_width=size.ngram_width,
        convs=size.convs,
        layers=size.layers,
        heads=size.heads,
    )


def _ngrams(octet: "OctetConfig", size: Dimensions, __: int) -> View:
    return NgramView(ORDERS, bits=_bits(octet), width=size.ngram_width)


def _statistics(_: "OctetConfig", size: Dimensions, __: int) -> View:
    return StatisticsView(size.width)


def _wave(octet: "OctetConfig", size: Dimensions, _: int) -> View:
    if octet.wave is None:
        raise ValueError("the view 'wave' needs to know how numbers are read: give octet.wave")
    return WaveView(
        octet.wave.reading,
        phase=octet.wave.phase,
        width=size.width,
        convs=size.convs,
        layers=size.layers,
        heads=size.heads,
    )


def _raster(octet: "OctetConfig", size: Dimensions, max_length: int) -> View:
    raster = octet.raster
    if raster is None:
        raise ValueError("the view 'raster' needs to know how long a row is: give octet.raster")
    rows, width = -(-max_length // raster.period), size.width
    return RasterView(
        raster.period,
        unit=raster.unit,
        rows=rows,
        grid=raster.grid,
        shift=raster.shift,
        widths=(width // 4, width // 2, width),
    )


def _fields(octet: "OctetConfig", size: Dimensions, max_length: int) -> View:
    fields = octet.fields
    if fields is None:
        raise ValueError("the view 'fields' needs to know how records are laid out: give octet.fields")
    hidden = HIDDEN_OF_FEW if octet.size == "nano" else HIDDEN
    return FieldsView(fields, rows=max_length // fields.length, width=size.width, hidden=hidden)


VIEWS: Mapping[str, Callable[["OctetConfig", Dimensions, int], View]] = {
    "bytes": _bytes,
    "ngrams": _ngrams,
    "statistics": _statistics,
    "wave": _wave,
    "raster": _raster,
    "fields": _fields,
}
"""What builds each view that a config may name."""
