"""Octet's own model of bytes, `octet`: its size, the views it takes of a file, and the wide branch beside them."""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from models.config.keys import ConfigObject
from models.packed.readings import FieldReading, Reading, item_size

Size = Literal["nano", "tiny", "small", "base", "large"]
ViewName = Literal["bytes", "ngrams", "statistics", "wave", "raster", "fields"]


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


class WaveConfig(ConfigObject):
    """How the view `wave` reads bytes as numbers."""

    reading: Reading = Field(default="u8", description="Unsigned, signed or float; bits; byte order.")
    phase: int = Field(default=0, ge=0, le=3, description="Bytes before the first number.")


class RasterConfig(ConfigObject):
    """How the view `raster` folds bytes into rows."""

    period: int = Field(default=16, ge=2, le=65_536, description="Bytes of a row.")
    unit: int = Field(default=1, ge=1, le=8, description="Bytes of a column, such as 3 for pixels of three bytes.")
    grid: bool = Field(default=False, description="Files have one length: each place of a row and column counts alone.")
    shift: int = Field(default=0, ge=0, le=8, description="Rows and columns that training moves a piece by, at most.")


class NumbersConfig(ConfigObject):
    """Numbers of one kind in a record, one behind the other."""

    at: int = Field(default=0, ge=0, le=1023, description="Bytes of the record before the first.")
    reading: FieldReading = Field(default="u8", description="Unsigned, signed or float; bits; byte order.")
    count: int = Field(default=1, ge=1, le=1024, description="How many stand one behind the other.")

    @property
    def end(self) -> int:
        """Bytes of the record up to and with the last."""
        return self.at + self.count * item_size(self.reading)


class FieldsConfig(ConfigObject):
    """How the view `fields` reads records of one length."""

    length: int = Field(default=16, ge=1, le=1024, description="Bytes of a record.")
    offset: int = Field(default=0, ge=0, le=65_536, description="Bytes of a file before the first record.")
    numbers: list[NumbersConfig] = Field(
        default=[], max_length=1024, description="Numbers of several bytes; each byte that is in no float counts alone."
    )

    @property
    def lone(self) -> list[int]:
        """Places of a record that lie in no float. A float's own bytes say nothing alone; those of what was taken for
        an integer may be a flag and a count side by side.
        """
        inside = {at for run in self.numbers if run.reading[0] == "f" for at in range(run.at, run.end)}
        return [at for at in range(self.length) if at not in inside]

    @property
    def features(self) -> int:
        """Numbers and lone bytes of a record."""
        return sum(run.count for run in self.numbers) + len(self.lone)


class OctetConfig(ConfigObject):
    """Octet's own model. What is null is chosen from the data, and stands in the run's config with its reason."""

    size: Size | None = Field(default=None, description="From nano (a CPU, minutes) to large (a GPU); null: chosen.")
    views: list[ViewName] | None = Field(
        default=None, min_length=1, description="The views it takes of a file, side by side; null: chosen."
    )
    wave: WaveConfig | None = Field(default=None, description="Of the view `wave`; null: chosen.")
    raster: RasterConfig | None = Field(default=None, description="Of the view `raster`; null: chosen.")
    fields: FieldsConfig | None = Field(default=None, description="Of the view `fields`; null: chosen.")
    stride: Literal[1, 2, 4, 8, 16] | None = Field(
        default=None, description="Bytes that the stem of `bytes` makes one frame of; null: chosen."
    )
    ngram_bits: Annotated[int, Field(ge=8, le=24)] | None = Field(
        default=None,
        description="The table of `ngrams` has 2^bits rows, that of `bytes` a quarter; null: chosen.",
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
