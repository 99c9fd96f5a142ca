"""What is known of a packed data set without reading it: counts, lengths and targets."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from models.packed.probes import Probes

TargetType = Literal["categorical", "continuous"]

MOST_CLASSES = 10_000
"""A categorical target with more classes than this (a column of free text) is summarised without listing them."""


class LengthSummary(BaseModel):
    """Lengths of the files in bytes; median and p90 are lengths that really occur."""

    model_config = ConfigDict(frozen=True)

    min: int
    median: int
    p90: int
    max: int


class TargetSummary(BaseModel):
    """One target over all files: `classes` counts files by class (categorical), `min` ... `std` describe numbers.

    `classes` is None for continuous targets, and for more than `MOST_CLASSES` classes; `distinct` always counts them.
    `std` is the population's (divided by n). Numbers that are undefined without values are None.
    """

    model_config = ConfigDict(frozen=True)

    type: TargetType
    labelled: int
    missing: int
    distinct: int
    classes: dict[str, int] | None = None
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None


class DatasetSummary(BaseModel):
    """All that the choice of a run's config needs to know of its data.

    probes: what a sample of the files looks like; None in summaries of older versions.
    """

    model_config = ConfigDict(frozen=True)

    files: int
    bytes: int
    lengths: LengthSummary
    targets: dict[str, TargetSummary]
    digest: str
    probes: Probes | None = None
