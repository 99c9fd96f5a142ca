"""How large Octet's own model is: weights counted, and memory estimated from counts of what autograd keeps.

One function a view stands for its module in models.nn.octet: what it learns, what it gives, what a piece costs it.
The counts of memory are floats that lie in saved tensors, rounded up until no row of benchmarks/memory.py lies above.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from models.config.load import FLOAT, PROCESS_BYTES, SERVING_BYTES, Load
from models.config.octet import SIZES, Dimensions, OctetConfig, ViewName
from models.config.run import RunConfig
from models.config.targets import TargetSpec
from models.config.wide_size import answering_bytes, fitting_bytes, kept_bytes
from models.packed.readings import item_size

MARGIN = 1.15
"""Times what is counted: a busy machine was seen to hold 5 % more than an idle one."""
TOKENS_AT_ONCE = 2**15
"""As models.nn.octet.model.TOKENS_AT_ONCE: a prediction takes at most so many bytes through the network at a time."""
MOST_PIECES = 64
"""As models.nn.octet.cutting.MOST_PIECES."""
WINDOW = 128
"""Frames of a window of attention."""
QUERIES = 4
"""Of a MaskedPool, which gives so many weighted means, a mean and a maximum."""
ENDS = 1024
"""Places at either end of a file that `bytes` has a vector for."""
ORDERS, STEM_ORDERS = 4, 3
"""Kinds of n-grams that `ngrams` looks up, and those of the stem of `bytes`."""
WAVES = 9
STATISTICS = 534
BANDS, KERNEL, HOP, WAVE_STRIDE = 64, 256, 64, 2
BINS = ((128, 16), (512, 8), (4096, 4))
"""As models.nn.octet.view_fields.BINS."""
GRID, GRID_PLACES, FINE = 16, 128, 2048
"""As GRID_CHANNELS, GRID_PLACES and FINE_PLACES of models.nn.octet.view_raster."""
VOCABULARY = 261
NOVELTY_BYTES = 10**6
"""What models.nn.novelty.score keeps of the training files, about."""
LIBRARIES_BYTES = 50 * 10**6
"""What the process of an octet training holds beyond EIR's: pages of libraries for the wide branch and the score."""


class ViewSize(NamedTuple):
    """dense: numbers with moments; table: those of a sparse table of so many rows; features: what it gives of a piece.

    Of a piece of max_length bytes: kept, the bytes that autograd holds of it; passing, those that live beside them in
    the costliest moment of its way, which is all that a prediction takes.
    """

    dense: int
    features: int
    kept: float
    passing: float
    table: int = 0
    rows: int = 0


def parameters(config: RunConfig, targets: Sequence[TargetSpec]) -> int:
    """How many numbers the model learns, all members."""
    dense, table, _ = _numbers(config, targets)
    return dense + table


def memory_bytes(config: RunConfig, targets: Sequence[TargetSpec], load: Load) -> int:
    """The most that a training holds, as models.config.size.memory_bytes says it.

    The peak is the fit of the wide branch before the first step, or the end of a step's way forward, or a validation,
    or the writing of a checkpoint.
    """
    dense, table, rows = _numbers(config, targets)
    moments = _moments(config)
    state = FLOAT * (dense * (1 + moments) + table + rows + dense + table)
    step = _step_bytes(config, load)
    octet = config.input.model_cfg.octet
    peaks = [step + state + FLOAT * dense, fitting_bytes(octet, targets, load.data_bytes, load.files)]
    peaks.append(state + passing_bytes(config, load.batch) + 40 * load.validation * _outputs(targets))
    if load.device == "cpu":
        # A state is gathered, put in line and written; little of what the step has given back is there again.
        peaks.append(0.9 * step + 3 * state)
    return PROCESS_BYTES[load.device] + LIBRARIES_BYTES + round(MARGIN * max(peaks))


def predicting_bytes(
    config: RunConfig, targets: Sequence[TargetSpec], batch: int, data_bytes: int | None = None
) -> int:
    """The most that predictions of so many files at once add to a process that serves already, weights included."""
    octet = config.input.model_cfg.octet
    wide = kept_bytes(octet, targets, data_bytes) + answering_bytes(octet, targets, data_bytes)
    return round(MARGIN * (FLOAT * parameters(config, targets) + passing_bytes(config, batch))) + SERVING_BYTES + wide


def checkpoint_sizes(
    config: RunConfig, targets: Sequence[TargetSpec], data_bytes: int | None = None
) -> tuple[int, int]:
    """Bytes of a checkpoint that is served, and of one to resume from; their headers are some kilobytes more."""
    dense, table, rows = _numbers(config, targets)
    gathered = dense + table if (config.globals.optimization.gradient_accumulation_steps or 1) > 1 else 0
    state = dense * (1 + _moments(config)) + table + rows + dense + table + gathered
    fitted = NOVELTY_BYTES + kept_bytes(config.input.model_cfg.octet, targets, data_bytes)
    return FLOAT * (dense + table) + fitted, FLOAT * state + fitted


def passing_bytes(config: RunConfig, batch: int) -> float:
    """What a prediction of so many files, however long, takes on its way through a member."""
    length = config.input.input_type_info.max_length
    pieces = max(1, min(batch * MOST_PIECES, TOKENS_AT_ONCE // length))
    return pieces * (8 * length + max(view.passing for view in sized_views(config)))


def sized_views(config: RunConfig) -> list[ViewSize]:
    """The views of one member."""
    octet, length = config.input.model_cfg.octet, config.input.input_type_info.max_length
    assert octet.size is not None
    assert octet.views is not None
    return [VIEWS[name](octet, SIZES[octet.size], length) for name in octet.views]


def _step_bytes(config: RunConfig, load: Load) -> float:
    """What a step holds beside weights, gradients and moments, at the end of its way forward."""
    length, views = config.input.input_type_info.max_length, sized_views(config)
    kept = sum(view.kept + 5 * FLOAT * view.features for view in views)
    return load.batch * (_members(config) * kept + 8 * length + max(view.passing for view in views))


def _numbers(config: RunConfig, targets: Sequence[TargetSpec]) -> tuple[int, int, int]:
    """(dense weights, numbers of tables, rows of tables) of all members."""
    octet, views = config.input.model_cfg.octet, sized_views(config)
    assert octet.size is not None
    joint, members = SIZES[octet.size].joint, _members(config)
    joined = sum(view.features for view in views)
    net = sum(view.dense for view in views) + 2 * joined + (joined + 1) * joint + 2 * joint
    net += (joint + 1) * _outputs(targets)
    return members * net, members * sum(view.table for view in views), members * sum(view.rows for view in views)


def _outputs(targets: Sequence[TargetSpec]) -> int:
    return sum(target.outputs for target in targets)


def _members(config: RunConfig) -> int:
    return config.input.model_cfg.octet.members or 1


def _moments(config: RunConfig) -> int:
    return 1 if config.globals.optimization.optimizer == "sgdm" else 2


# parts that several views are made of


def _encoder(size: Dimensions) -> int:
    """A FrameEncoder and the MaskedPool behind it: weights."""
    width = size.width
    convs = size.convs * (6 * width**2 + 8 * width)
    layers = size.layers * (10 * width**2 + 4 * width)
    return convs + layers + width + _pool(width)


def _pool(width: int) -> int:
    return width + (width + 1) * QUERIES


def _pooled(width: int) -> int:
    return (QUERIES + 2) * width


def _encoder_kept(size: Dimensions, frames: int) -> float:
    """Floats that FrameEncoder and MaskedPool keep of so many frames of one piece."""
    width, kept = size.width, frames * (14 * size.convs + 17 * size.layers + 8)
    for layer in range(size.layers):
        kept += 7 * _in_windows(frames, shifted=bool(layer % 2))
    return float(width * kept)


def _in_windows(frames: int, *, shifted: bool) -> int:
    """Frames of whole windows that so many lie in."""
    if not shifted:
        return frames if frames <= WINDOW else math.ceil(frames / WINDOW) * WINDOW
    return frames if frames <= WINDOW // 2 else math.ceil((frames + WINDOW // 2) / WINDOW) * WINDOW


def _encoder_passing(size: Dimensions, frames: int) -> float:
    """Floats of the costliest moment: the gated layer, or attention inside its windows."""
    most = max((_in_windows(frames, shifted=bool(layer % 2)) for layer in range(size.layers)), default=0)
    return float(size.width * max(17 * frames, 6 * frames + 6 * most))


def _looked_up(orders: int, width: int, length: int) -> tuple[float, float]:
    """(kept, passing) bytes of the n-grams of a piece: their rows, what was found there, and that times its weight."""
    return length * orders * (FLOAT * width + 13.0), length * orders * (2.0 * FLOAT * width + 50)


# the views


def _bits(octet: OctetConfig, size: Dimensions) -> int:
    return size.bits if octet.ngram_bits is None else octet.ngram_bits


def _bytes(octet: OctetConfig, size: Dimensions, length: int) -> ViewSize:
    """BytesView."""
    stride, channels, width = octet.stride or 1, size.channels, size.width
    rows, patch = 2 ** (_bits(octet, size) - 2), (size.channels + size.ngram_width) * (stride + 2 * max(2, stride // 2))
    frames = math.ceil(length / stride)
    kept, passing = _looked_up(STEM_ORDERS, size.ngram_width, length)
    kept += 40.0 * length + FLOAT * (frames * (patch + WAVES + width) + _encoder_kept(size, frames))
    passing += FLOAT * 2 * length * (channels + size.ngram_width)
    dense = VOCABULARY * channels + 2 * ENDS * channels + STEM_ORDERS + (patch + 1) * width + WAVES * width
    return ViewSize(
        dense=dense + _encoder(size),
        features=_pooled(width),
        kept=kept,
        passing=max(passing, FLOAT * (frames * patch + _encoder_passing(size, frames))),
        table=rows * size.ngram_width,
        rows=rows,
    )


def _ngrams(octet: OctetConfig, size: Dimensions, length: int) -> ViewSize:
    """NgramView."""
    kept, passing = _looked_up(ORDERS, size.ngram_width, length)
    rows, width = 2 ** _bits(octet, size), size.ngram_width
    return ViewSize(dense=ORDERS, features=width, kept=kept, passing=passing, table=rows * width, rows=rows)


def _statistics(_: OctetConfig, size: Dimensions, __: int) -> ViewSize:
    """StatisticsView."""
    width = size.width
    dense = (STATISTICS + 1) * 2 * width + (2 * width + 1) * width
    return ViewSize(dense=dense, features=width, kept=FLOAT * (1_000 + 8 * width), passing=8_000)


def _wave(octet: OctetConfig, size: Dimensions, length: int) -> ViewSize:
    """WaveView."""
    width, number = size.width, item_size(octet.wave.reading) if octet.wave else 1
    hops = math.ceil(length // number / HOP) or 1
    frames = math.ceil(hops / WAVE_STRIDE)
    bank = KERNEL**2 + BANDS * KERNEL // 2 + 2 * BANDS + (5 * BANDS + 1) * width
    kept = hops * (2.5 * KERNEL + 4 * BANDS) + _encoder_kept(size, frames)
    return ViewSize(
        dense=bank + _encoder(size),
        features=_pooled(width) + 2,
        kept=FLOAT * kept + 24 * length / number,
        passing=max(32.0 * length, FLOAT * (3 * KERNEL * hops + _encoder_passing(size, frames))),
    )


def _raster(octet: OctetConfig, size: Dimensions, length: int) -> ViewSize:
    """RasterView: a stem and two stages of one block each."""
    assert octet.raster is not None, "the config names the rows of a view `raster`"
    period, unit = octet.raster.period, octet.raster.unit
    columns, usual = period // unit, math.ceil(length / period)
    widths = (size.width // 4, size.width // 2, size.width)
    inputs = 8 * unit + 8 + 3
    dense = 257 * 8 + 8 * columns + (9 * inputs + 1) * widths[0]
    for before, width in pairwise(widths):
        dense += before + (9 * before + 1) * width + 2 * width + 2 * (9 * width + 1) * width
    strides = _strides(usual, columns)
    grid_rows, grid_columns = _levels(usual, columns, strides)[-1]
    features, dense = _pooled(widths[-1]), dense + widths[-1] + _pool(widths[-1])
    if octet.raster.grid and grid_rows * grid_columns <= GRID_PLACES:
        features += GRID * grid_rows * grid_columns
        dense += (widths[-1] + 1) * GRID
    levels = _levels(usual + 1, columns, strides)
    # Places of a level, and those with the border that wraps around it.
    (n0, p0), (n1, p1), (n2, p2), (n3, p3) = ((r * c, (r + 2) * (c + 2)) for r, c in levels)
    kept = inputs * p0 + 4 * n0 + widths[0] * (3 * n1 + p1)
    kept += widths[1] * (7 * n2 + 3 * p2) + widths[2] * (12 * n3 + 2 * p3) + 40 * n3
    passing = FLOAT * (inputs * (2 * n0 + 2 * p0) + 2 * widths[0] * p1) + 40 * length
    return ViewSize(dense=dense, features=features, kept=FLOAT * kept, passing=passing)


def _strides(rows: int, columns: int) -> list[tuple[int, int]]:
    """(rows, columns) of the stem and the two stages, for a piece of so many."""
    strides = [] if rows * columns > FINE else [(1, 1)]
    while len(strides) < 3:
        at_rows, at_columns = _levels(rows, columns, strides)[-1]
        strides.append((2 if at_rows >= 8 else 1, 2 if at_columns >= 8 else 1))
    return strides


def _levels(rows: int, columns: int, strides: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """(rows, columns) of each level of a raster: the bytes themselves, then behind each stride."""
    levels = [(rows, columns)]
    for down, along in strides:
        rows, columns = math.ceil(rows / down), math.ceil(columns / along)
        levels.append((rows, columns))
    return levels


def _fields(octet: OctetConfig, size: Dimensions, length: int) -> ViewSize:
    """FieldsView."""
    assert octet.fields is not None, "the config names the records of a view `fields`"
    width, rows, many = size.width, max(1, math.ceil(length / octet.fields.length)), length // octet.fields.length > 1
    count = octet.fields.features
    inputs = count * (2 + next(bins for most, bins in BINS if count <= most))
    dense, kept = (inputs + 1) * width + 6 * width**2 + 2 * width, inputs + 15.2 * width
    if many:
        encoder = size._replace(convs=1, layers=0)
        dense, kept = dense + _encoder(encoder), rows * (inputs + 13.5 * width) + _encoder_kept(encoder, rows)
    else:
        rows = 1
    return ViewSize(
        dense=dense,
        features=_pooled(width) if many else width,
        kept=FLOAT * kept,
        passing=rows * (7 * FLOAT * inputs + 40.0 * octet.fields.length) + FLOAT * 6 * width * rows,
    )


VIEWS: Mapping[ViewName, Callable[[OctetConfig, Dimensions, int], ViewSize]] = {
    "bytes": _bytes,
    "ngrams": _ngrams,
    "statistics": _statistics,
    "wave": _wave,
    "raster": _raster,
    "fields": _fields,
}
