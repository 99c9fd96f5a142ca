"""Octet's own model of bytes, `octet`: its size, the views it takes of a file, and the wide branch beside them."""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from models.config.keys import ConfigObject

Size = Literal["nano", "tiny", "small", "base", "large"]
ViewName = Literal["bytes", "ngrams", "statistics", "wave", "raster"]
Reading = Literal["u8", "i8", "i16le", "i16be", "i24le", "i24be", "i32le", "i32be", "f32le", "f32be"]

Period = Annotated[int, Field(ge=2, le=65_536)]


class Dimensions(NamedTuple):
    """What a size means, for each view: widths in numbers a frame or an n-gram, `bits` of the n-gram table's rows."""

    width: int
    convs: int
    layers: int
    heads: int
    channels: int
    bits: int
    ngram_width: int
    joint: int


SIZES: Mapping[Size, Dimensions] = {
    "nano": Dimensions(width=64, convs=2, layers=1, heads=4, channels=24, bits=16, ngram_width=16, joint=96),
    "tiny": Dimensions(width=96, convs=3, layers=2, heads=4, channels=32, bits=18, ngram_width=16, joint=128),
    "small": Dimensions(width=192, convs=3, layers=4, heads=6, channels=48, bits=19, ngram_width=24, joint=256),
    "base": Dimensions(width=384, convs=4, layers=8, heads=6, channels=64, bits=20, ngram_width=32, joint=512),
    "large": Dimensions(width=768, convs=6, layers=12, heads=12, channels=96, bits=21, ngram_width=48, joint=1024),
}


class OctetConfig(ConfigObject):
    """Octet's own model. What is null is chosen from the data, and stands in the run's config with its reason."""

    size: Size | None = Field(default=None, description="From nano (a CPU, minutes) to large (a GPU); null: chosen.")
    views: list[ViewName] | None = Field(
        default=None, min_length=1, description="The views it takes of a file, side by side; null: chosen."
    )
    reading: Reading | None = Field(default=None, description="How `wave` reads numbers from bytes; null: chosen.")
    period: Period | None = Field(
        default=None, description="Bytes after which `raster` begins a new row; null: chosen."
    )
    stride: Literal[1, 2, 4, 8, 16] | None = Field(
        default=None, description="Bytes that the stem of `bytes` makes one frame of; null: chosen."
    )
    members: Annotated[int, Field(ge=1, le=16)] | None = Field(
        default=None, description="Networks that learn side by side and whose answers are averaged; null: chosen."
    )
    ema_decay: float = Field(
        default=0.998, ge=0, lt=1, description="Of the moving average of weights that is measured and kept."
    )
    wide: bool = Field(default=True, description="The convex branch on n-grams of the whole file, fitted first.")
    wide_memory_mb: int = Field(
        default=2_000, ge=64, le=1_000_000, description="What the wide branch may hold while it is fitted, in MB."
    )
