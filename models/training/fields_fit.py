"""What numbers in the records of training files are like: the quantiles between which the view `fields` reads them."""

import numpy as np
import torch
from numpy.typing import NDArray

from models.nn.octet.cutting import pieces_of, training_starts
from models.nn.octet.ensemble import OctetEnsemble
from models.nn.octet.view_fields import FieldsView
from models.packed import PackedDataset

Int64 = NDArray[np.int64]

READ_FILES, READ_NUMBERS = 4096, 2**22
"""Of the training files at most so many are read, one piece of each, and so many numbers of them kept."""
AT_ONCE = 64
"""Pieces that are decoded at a time."""


def fit_fields(deep: OctetEnsemble, dataset: PackedDataset, train: Int64, max_length: int, *, seed: int = 0) -> None:
    """Fit the encodings of all views `fields`, alike. train: places in the data set. No label is looked at.

    A pure function of its arguments.
    """
    views = [view for view in deep.modules() if isinstance(view, FieldsView)]
    train = train[dataset.lengths[train] > 0]
    if not views or not len(train):
        return
    draw = np.random.default_rng(seed)
    some = np.sort(draw.permutation(train)[:READ_FILES])
    starts = training_starts(np.asarray(dataset.lengths)[some], draw.random(len(some)), max_length)
    most = READ_NUMBERS // (views[0].encoding.knots.shape[0] * -(-len(some) // AT_ONCE))
    values = []
    for at in range(0, len(some), AT_ONCE):
        here = slice(at, at + AT_ONCE)
        pieces = pieces_of([dataset.read(int(place)) for place in some[here]], starts[here], max_length)
        found, there = views[0].decoded(pieces)
        rows = torch.where(there, found, torch.nan).flatten(0, 1)[there.any(-1).flatten()]
        values.append(rows[torch.linspace(0, len(rows) - 1, min(len(rows), most)).long()].numpy())
    joined = np.concatenate(values)
    for view in views:
        view.encoding.fit(joined)
