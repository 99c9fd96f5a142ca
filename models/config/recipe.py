"""The recipe of Octet's own model: size, views, lengths, steps and rates, chosen from what is known of the data."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from models.config.octet import SIZES, FieldsConfig, OctetConfig, RasterConfig, Size, ViewName, WaveConfig
from models.config.rules import VALID_SIZE
from models.config.run import RunConfig
from models.config.shortcuts import ShortForm
from models.config.sides import sides_of
from models.packed.fields_probe import Fields
from models.packed.probes import STANDS_OUT, Period, Probes, Wave
from models.packed.summary import DatasetSummary

Device = Literal["cpu", "cuda"]


class Choice(NamedTuple):
    """A value at a place of the config, and why it stands there."""

    pointer: str
    value: Any
    why: str


OCTET = "/input/model_config/octet"
LENGTH = "/input/input_type_info/max_length"
ALL_OPEN = OctetConfig()
"""Nothing is given."""
UNKNOWN = Probes(equal_lengths=0.0, wave=None, period=None)
"""Stands in for the probes of a data set whose summary has none."""

FIXED: tuple[Choice, ...] = (
    Choice("/input/model_config/model_type", "octet", "Octet's own model, for bytes of any kind"),
    Choice("/globals/optimization/lr_lb", 1e-6, "the cosine ends where the weights come to rest"),
    Choice("/globals/optimization/b2", 0.99, "a short run cannot average over a thousand steps"),
    Choice("/globals/optimization/wd", 0.05, "little data, so some decay"),
    Choice(
        "/globals/lr_schedule/lr_schedule", "cosine", "the steps are planned, so the rate can fall over all of them"
    ),
    Choice("/globals/evaluation_checkpoint/sample_interval", "auto", "the plan knows how many steps there will be"),
    Choice("/globals/training_control/early_stopping_patience", 0, "the steps are planned; the best weights are kept"),
    Choice(
        "/input/input_type_info/sampling_strategy_if_longer", "uniform", "pieces of all of a file, its ends more often"
    ),
    Choice("/output/output_type_info/cat_label_smoothing", 0.1, "keeps a small data set from being learnt by heart"),
    Choice("/output/output_type_info/con_loss_name", "SmoothL1Loss", "a few wild values shall not lead"),
    Choice(
        "/globals/metrics/cat_metrics",
        ["mcc", "acc", "roc-auc-macro", "ap-macro", "ece"],
        "EIR's, and how true the probabilities are",
    ),
    Choice("/globals/metrics/con_metrics", ["r2", "pcc", "loss", "rmse"], "EIR's, and the error in the target's unit"),
)
SHARES: tuple[tuple[float, float | int], ...] = ((1_000, 0.2), (20_000, 0.1), (math.inf, 2_500))
"""Up to so many labelled files: what is held back. 2,500 files measure an accuracy to 1 %."""
PASSES: Mapping[str, tuple[tuple[float, int], ...]] = {
    "raster": ((1_000, 100), (5_000, 60), (20_000, 30), (math.inf, 6)),
    "wave": ((1_000, 60), (5_000, 40), (20_000, 15), (math.inf, 4)),
    "bytes": ((300, 60), (5_000, 30), (20_000, 10), (math.inf, 3)),
}
"""By the view that decides, up to so many training files: so many passes over them at most; the device's plan fits them
to the time there is. Rows and signals are never seen twice alike (moved, stretched, masked), so they stand more."""
FEWEST_BITS = 10
"""Of the n-gram table, however few bytes there are."""
LEAST_STEPS = 300
"""However few files: weights need so many steps to get anywhere, and small data sets make cheap ones."""
BATCH_BYTES = {"wave": 2**18, "raster": 2**16, "bytes": 2**16, "fields": 2**16}
"""Bytes of a step, over all its files, by the view that decides: enough to keep a CPU busy, few enough for many steps.
A view that makes a frame of many bytes takes more of them."""
BATCHES = (8, 64)
"""Files of a step: at least and at most."""
STEPS_PER_PASS = 16
"""A pass over a small data set has at least so many steps."""
RATES = ((160, 1e-3), (math.inf, 2e-3))
"""Up to so many bytes of a piece: the highest learning rate. It is lower where every byte is a frame."""
WARMUP_SHARE, MOST_WARMUP = 0.1, 100
"""Of the steps, and at most so many: enough for the first moments; EIR's 2,000 would starve a short run."""
MEMBERS = ((300, 2), (5_000, 3), (math.inf, 1))
"""Up to so many training files: so many networks side by side at most, as far as all of their passes fit into the time.
Few files vary a network much; averaging is the cure."""
UNIT_S: Mapping[str, float] = {"raster": 4e-6, "wave": 5.5e-7, "bytes": 7.5e-5}
"""Seconds of two cores that a member of size tiny takes for a unit of a raster, a byte of a signal, or a frame."""
STRIDES = ((160, 1), (640, 2), (1_536, 4), (math.inf, 8))
"""Up to so many bytes of a piece: the stem makes a frame of so many."""
ONE_LENGTH = 0.95
"""Share of files of the commonest length from which on all count as equally long."""
EVEN = 0.2
"""Autocorrelation of neighbours in a row from which on a shift by some columns makes a file of the same kind: pictures
under noise 0.24 to 0.36, without 0.6 and more; records and tables 0.09."""
SHIFT_COLUMNS, MOST_SHIFT = 16, 4
"""A shift is by one of so many columns, and at most by so many."""
LONGEST = {"wave": 12_288, "raster": 8_192, "fields": 8_192, "bytes": 4_096}
"""Bytes of a piece at most, by the view that decides."""
NUMBERS_ALONE = 0.25
"""Share of the bytes in use that lie in numbers from which on nothing else looks at them: views that know them only as
bytes learn a small set by heart (of 221 files RMSE 72 with `statistics` beside, 57 without) and take the time."""
MOST_RUNS = 6
"""Of numbers that a reason names."""
MULTIPLE = 8
"""max_length is a multiple of this."""
UNEVEN = (3.0, 20.0)
"""So many times as many files of the commonest class as of the rarest, and training draws every class equally often: a
short run sees too little of a rare one. Beyond it nothing was tried, and single files would come again and again."""
RARE = 30
"""Fewer files of a class would be learnt by heart if they came so often."""


def validation_size(form: ShortForm, files: int) -> Choice:
    """How many of the labelled files are held back."""
    if form.valid_size is not None:
        return Choice(VALID_SIZE, form.valid_size, "asked for")
    why = f"of {files} labelled files: enough to measure, most to learn from"
    return Choice(VALID_SIZE, up_to(SHARES, files), why)


def recipe(form: ShortForm, summary: DatasetSummary, train: int, device: Device, budget_s: float) -> list[Choice]:
    """All choices of the short form but targets, split and seed. train: training files. budget_s: of the whole run."""
    chosen = [*_model(summary, train, device)]
    views = next(choice.value for choice in chosen if choice.pointer == f"{OCTET}/views")
    length = _length(form.max_length, views, summary)
    stride = stride_choice(length.value)
    usual = max(1, min(length.value, summary.lengths.p90))
    unit = summary.probes.period.unit if summary.probes and summary.probes.period else 1
    units = {"raster": usual / unit, "wave": usual, "bytes": usual / stride.value}
    member_s = train * _passes(train, views) * sum(UNIT_S[view] * units[view] for view in UNIT_S if view in views)
    share = budget_s / member_s if device == "cpu" and member_s else math.inf
    return [
        *FIXED,
        *chosen,
        _members(train, share),
        length,
        stride,
        *_pace(train, usual, views),
        *_balance(form, summary),
    ]


def octet_choices(full: RunConfig, summary: DatasetSummary, device: Device) -> list[Choice]:
    """What a full config with Octet's own model leaves open (null)."""
    model = full.input.model_cfg
    if model.model_type != "octet":
        return []
    train = sides_of(full, summary).train
    given = model.octet
    length = full.input.input_type_info.max_length
    found = [*_model(summary, train, device, given), _members(train), stride_choice(length)]
    return [one for one in found if getattr(given, one.pointer.rpartition("/")[2]) is None]


def _model(summary: DatasetSummary, train: int, device: Device, given: OctetConfig = ALL_OPEN) -> Iterator[Choice]:
    """Size and views, with what the views read by; they fit to one another and to what is given."""
    probes = summary.probes or UNKNOWN
    size, why = _size(train, device)
    size = given.size or size
    yield Choice(f"{OCTET}/size", size, why)
    bits = max(FEWEST_BITS, min(SIZES[size].bits, summary.bytes.bit_length() + 1))
    yield Choice(f"{OCTET}/ngram_bits", bits, f"for n-grams of {summary.bytes} bytes")
    views, why = _views(probes, given)
    yield Choice(f"{OCTET}/views", views, why)
    views = given.views or views
    if probes.wave is not None and "wave" in views:
        wave = WaveConfig(reading=probes.wave.reading, phase=probes.wave.phase).model_dump()
        yield Choice(f"{OCTET}/wave", wave, _wave_in_words(probes.wave))
    if probes.period is not None and "raster" in views:
        grid = probes.equal_lengths >= ONE_LENGTH
        columns = probes.period.length // probes.period.unit
        shift = max(1, min(MOST_SHIFT, columns // SHIFT_COLUMNS)) if probes.period.evenness >= EVEN else 0
        raster = RasterConfig(period=probes.period.length, unit=probes.period.unit, grid=grid, shift=shift).model_dump()
        yield Choice(f"{OCTET}/raster", raster, _period_in_words(probes.period))
    if probes.fields is not None and "fields" in views:
        fields = FieldsConfig.model_validate(
            probes.fields.model_dump(include={"length", "offset", "numbers"}, mode="json")
        ).model_dump()
        yield Choice(f"{OCTET}/fields", fields, _fields_in_words(probes.fields))


def _size(train: int, device: Device) -> tuple[Size, str]:
    if train < 300:
        return "nano", f"{train} training files would be learnt by heart by a larger one"
    if device == "cpu":
        return "tiny", "runs of minutes on a CPU"
    if train < 5_000:
        return "tiny", f"{train} training files would be learnt by heart by a larger one"
    return ("small", f"{train} training files and a GPU") if train < 50_000 else ("base", f"{train} files and a GPU")


def _members(train: int, share: float = math.inf) -> Choice:
    """How many networks. share: how often the passes of one of them fit into the time."""
    most = int(up_to(MEMBERS, train))
    members = int(max(1, min(most, share)))
    why = f"for {train} training files"
    return Choice(f"{OCTET}/members", members, why if members == most else f"{why}, as many as the time lets learn")


def _views(probes: Probes, given: OctetConfig) -> tuple[list[ViewName], str]:
    """Which views the bytes call for, or the body, by saying how they are read.

    Rows that stand out little may be the pitch of a signal.
    """
    if given.raster is not None:
        return ["raster", "statistics"], "raster says how long rows are"
    if given.fields is not None:
        return ["fields"], "fields says how records are laid out"
    if given.wave is not None:
        return ["wave", "statistics"], "wave says how numbers are read"
    if probes.fields is not None:
        return _views_of_records(probes.fields, probes), f"{_fields_in_words(probes.fields)}; so its numbers are read"
    if probes.period is not None and (probes.wave is None or probes.period.strength >= STANDS_OUT):
        return ["raster", "statistics"], f"{_period_in_words(probes.period)}; so they are looked at as rows"
    if probes.wave is not None:
        return ["wave", "statistics"], f"{_wave_in_words(probes.wave)}; so they are listened to"
    return (
        ["bytes", "ngrams", "statistics"],
        "neither do numbers follow from those before them, nor do bytes resemble those one row before",
    )


def _views_of_records(fields: Fields, probes: Probes) -> list[ViewName]:
    """Numbers; beside the signal that a record is; beside rows or bytes where few of them lie in numbers."""
    if probes.wave is not None and not fields.table:
        return ["wave", "fields"]
    if fields.covered >= NUMBERS_ALONE:
        return ["fields"]
    if fields.table and probes.period is not None:
        return ["raster", "fields", "statistics"]
    return ["bytes", "ngrams", "fields", "statistics"]


def _fields_in_words(fields: Fields) -> str:
    """Such as: each file is a record of 120 bytes: 30 numbers f32le from byte 0."""
    runs = [f"{run.count} x {run.reading} from byte {run.at}" for run in fields.numbers[:MOST_RUNS]]
    more = f" and {len(fields.numbers) - MOST_RUNS} more" if len(fields.numbers) > MOST_RUNS else ""
    what = (
        f"files are tables of records of {fields.length} bytes"
        if fields.table
        else f"each file is a record of {fields.length} bytes"
    )
    behind = f" behind {fields.offset} others" if fields.offset else ""
    return f"{what}{behind}: {', '.join(runs)}{more}"


def _wave_in_words(wave: Wave) -> str:
    return f"read as {wave.reading}, a number is foretold to {wave.predictability:.0%} by those before it"


def _period_in_words(period: Period) -> str:
    return f"bytes resemble those {period.length} before them"


def _length(wanted: int | None, views: Sequence[ViewName], summary: DatasetSummary) -> Choice:
    if wanted is not None:
        return Choice(LENGTH, wanted, "asked for")
    lengths = summary.lengths
    length, why = lengths.max, f"the longest file has {lengths.max} bytes"
    if lengths.max > 2 * lengths.p90:
        length, why = lengths.p90, f"9 of 10 files have at most {lengths.p90} bytes, the longest {lengths.max}"
    most = max(most for view, most in LONGEST.items() if view in views)
    if length > most:
        length, why = most, f"{why}; a piece has at most {most}, a prediction reads pieces of all of the file"
    return Choice(LENGTH, max(1, math.ceil(length / MULTIPLE)) * MULTIPLE, why)


def stride_choice(length: int) -> Choice:
    """How many bytes the stem of `bytes` makes a frame of, for pieces of so many."""
    stride = int(up_to(STRIDES, length))
    return Choice(f"{OCTET}/stride", stride, f"{-(-length // stride)} frames of the {length} bytes of a piece")


def _pace(train: int, length: int, views: Sequence[ViewName]) -> Iterator[Choice]:
    """How often and in which portions, for so many training files of about so many bytes."""
    least, most = BATCHES
    room = min(room for view, room in BATCH_BYTES.items() if view in views or view == "wave")
    batch = min(max(least, min(most, room // max(1, length))), max(least, train // STEPS_PER_PASS), train)
    yield Choice("/globals/basic_experiment/batch_size", batch, f"for {train} training files of about {length} bytes")
    yield Choice("/globals/optimization/lr", up_to(RATES, length), "the rate at which such pieces learn fastest")
    per_pass = train // batch
    passes = max(_passes(train, views), math.ceil(LEAST_STEPS / per_pass))
    yield Choice(
        "/globals/basic_experiment/n_epochs",
        passes,
        f"at most {passes * per_pass} steps; the device's plan fits them to the time there is",
    )
    warmup = min(MOST_WARMUP, max(1, round(WARMUP_SHARE * passes * per_pass)))
    yield Choice("/globals/lr_schedule/warmup_steps", warmup, "enough for the first moments; a tenth of fewer steps")


def _passes(train: int, views: Sequence[ViewName]) -> int:
    """Over the training files, as far as time allows."""
    return max(int(up_to(PASSES[view], train)) for view in PASSES if view in views or view == "bytes")


def _balance(form: ShortForm, summary: DatasetSummary) -> Iterator[Choice]:
    """Whether training draws rare classes more often; of a single target alone, as a missing label is never drawn."""
    (name, kind, _), *others = form.wanted()
    counts = (summary.targets[name].classes or {}).values()
    if others or kind == "continuous" or len(counts) < 2:
        return
    most, least = max(counts), min(counts)
    if least >= RARE and UNEVEN[0] <= most / least <= UNEVEN[1]:
        why = f"{most} files of the commonest class and {least} of the rarest: each class is drawn equally often"
        yield Choice("/globals/training_control/weighted_sampling_columns", ["all"], why)


def up_to(table: Sequence[tuple[float, float | int]], count: int) -> float | int:
    """The value of the first row that reaches count."""
    return next(value for most, value in table if count <= most)
