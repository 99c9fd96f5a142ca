"""Packed data sets: many files as one memory-mapped file with an index and labels. Loads no torch."""

from models.packed.dataset import PackedDataset
from models.packed.format import FILES
from models.packed.labels import LabelTable, Target
from models.packed.labels_csv import LabelRows, read_labels
from models.packed.limits import Limits
from models.packed.packing import Packed, pack
from models.packed.problems import ArchiveError, FormatError, LabelError, PackedError, Problem
from models.packed.said import NotALine, read_lines
from models.packed.summary import DatasetSummary, LengthSummary, TargetSummary, TargetType
from models.packed.writer import PackWriter

__all__ = [
    "FILES",
    "ArchiveError",
    "DatasetSummary",
    "FormatError",
    "LabelError",
    "LabelRows",
    "LabelTable",
    "LengthSummary",
    "Limits",
    "NotALine",
    "PackWriter",
    "Packed",
    "PackedDataset",
    "PackedError",
    "Problem",
    "Target",
    "TargetSummary",
    "TargetType",
    "pack",
    "read_labels",
    "read_lines",
]
