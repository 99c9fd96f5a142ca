"""The choice for the data, held to a machine's memory: the short form takes less, the full one is told what fits."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from models.config.choose import Chosen
from models.config.faults import ConfigError, Fault
from models.config.fits import memory_fault, size
from models.config.load import Load
from models.config.mends import BATCH, LENGTH, Fits, largest
from models.config.octet_fits import (
    SHORT,
    SIZE,
    WIDE,
    cut,
    fitting_length,
    fitting_wide_mb,
    resized,
    smaller_sizes,
    with_octet,
)
from models.config.recipe import stride_choice
from models.config.request import RunRequest, as_sent
from models.config.rules import OCTET
from models.config.run import RunConfig, dump_config
from models.config.sides import sides_of
from models.config.size import memory_bytes, sized_targets
from models.packed.summary import DatasetSummary

FEWEST = 4
"""Files a step below which the short form would rather see fewer bytes of each."""
MEMBERS, BITS, STRIDE = f"{OCTET}/members", f"{OCTET}/ngram_bits", f"{OCTET}/stride"


class Room(NamedTuple):
    """What a training may take where it would run: bytes of memory on a CPU, and the threads that share them."""

    limit_bytes: int
    threads: int


def load_of(config: RunConfig, request: RunRequest, summary: DatasetSummary, threads: int) -> Load:
    """What decides about memory beside the config."""
    sides = sides_of(config, summary, request.plan)
    asked = request.plan.threads if request.plan else None
    return Load(sides.batch, asked or threads, sides.valid, data_bytes=summary.bytes, files=summary.files)


def within_memory(chosen: Chosen, request: RunRequest, summary: DatasetSummary, room: Room) -> Chosen:
    """The same choice where it fits; the short form's takes less of what was not asked for. Raises ConfigError."""
    targets = sized_targets(chosen.config, summary)
    load = load_of(chosen.config, request, summary, room.threads)
    asked = request.plan.batch if request.plan else None
    fault = memory_fault(chosen.config, targets, load, room.limit_bytes, batch_at="/plan/batch" if asked else BATCH)
    if fault is None:
        return chosen
    if request.short is None:
        raise ConfigError([Fault(as_sent(fault.pointer, request.listed), fault.detail)])

    def fits(config: RunConfig, load: Load) -> bool:
        return memory_bytes(config, targets, load) <= room.limit_bytes

    less = _less(chosen.config, load, fits, may_batch=not asked, may_cut=request.short.max_length is None)
    if less is None:
        at = {BATCH: "/dataset", LENGTH: "/max_length"}.get(fault.pointer, fault.pointer)
        at = "/max_length" if request.short.max_length and not asked else at
        raise ConfigError([Fault("/dataset" if at.startswith(OCTET) else at, fault.detail)])
    reasons = dict.fromkeys(_changed(chosen.config, less), f"fits into {size(room.limit_bytes)} of memory")
    if LENGTH in reasons:
        reasons[STRIDE] = stride_choice(less.input.input_type_info.max_length).why
    return replace(chosen, config=less, reasons=chosen.reasons | reasons)


def _less(config: RunConfig, load: Load, fits: Fits, *, may_batch: bool, may_cut: bool) -> RunConfig | None:
    """The first config that fits, by what costs the least: the wide branch from disk, fewer files a step, fewer bytes.

    Then a single member, then a smaller model.
    """
    if wide := fitting_wide_mb(config, load, fits):
        config = with_octet(config, wide_memory_mb=wide)
    few = min(FEWEST, load.batch) if may_batch else load.batch
    for model in _models(config):
        if fits(model, load):
            return model
        batch = largest(load.batch, lambda files: fits(model, replace(load, batch=files))) if may_batch else 0  # noqa: B023  (called at once)
        if batch >= few:
            return _with_batch(model, batch)
        length = fitting_length(model, replace(load, batch=few), fits) if may_cut else 0
        if length >= SHORT:
            model = cut(model, length)
            return _with_batch(model, few) if may_batch else model
        config = model
    batch = largest(load.batch, lambda files: fits(config, replace(load, batch=files))) if may_batch else 0
    return _with_batch(config, batch) if batch else None


def _models(config: RunConfig) -> Iterator[RunConfig]:
    """The config, then with one member, then with each smaller size."""
    yield config
    if config.input.model_cfg.octet.members != 1:
        config = with_octet(config, members=1)
        yield config
    for name in smaller_sizes(config):
        yield resized(config, name)


def _with_batch(config: RunConfig, batch: int) -> RunConfig:
    basic = config.globals.basic_experiment.model_copy(update={"batch_size": batch})
    return config.model_copy(update={"globals": config.globals.model_copy(update={"basic_experiment": basic})})


def _changed(before: RunConfig, after: RunConfig) -> list[str]:
    """Pointers of what is not as it was."""
    old, new = dump_config(before), dump_config(after)
    return [at for at in (BATCH, LENGTH, WIDE, MEMBERS, SIZE, BITS) if _at(old, at) != _at(new, at)]


def _at(values: object, at: str) -> object:
    for part in at.split("/")[1:]:
        assert isinstance(values, dict)
        values = values[part]
    return values
