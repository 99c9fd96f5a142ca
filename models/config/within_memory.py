"""The choice for the data, held to a machine's memory: the short form takes less, the full one is told what fits."""

from dataclasses import replace
from typing import NamedTuple

from models.config.choose import Chosen
from models.config.faults import ConfigError, Fault
from models.config.fits import BATCH, LENGTH, largest_batch, largest_length, memory_fault, size
from models.config.load import Load
from models.config.request import RunRequest, as_sent
from models.config.run import RunConfig, dump_config, load_config
from models.config.sides import sides_of
from models.config.size import sized_targets
from models.config.targets import TargetSpec
from models.packed.summary import DatasetSummary

FEWEST = 4
"""Files a step below which the short form would rather see fewer bytes of each."""


class Room(NamedTuple):
    """What a training may take where it would run: bytes of memory on a CPU, and the threads that share them."""

    limit_bytes: int
    threads: int


def load_of(config: RunConfig, request: RunRequest, summary: DatasetSummary, threads: int) -> Load:
    """What decides about memory beside the config."""
    sides = sides_of(config, summary, request.plan)
    asked = request.plan.threads if request.plan else None
    return Load(sides.batch, asked or threads, sides.valid, data_bytes=summary.bytes)


def within_memory(chosen: Chosen, request: RunRequest, summary: DatasetSummary, room: Room) -> Chosen:
    """The same choice where it fits; the short form's with a smaller batch or length. Raises ConfigError."""
    targets = sized_targets(chosen.config, summary)
    load = load_of(chosen.config, request, summary, room.threads)
    asked = request.plan.batch if request.plan else None
    fault = memory_fault(chosen.config, targets, load, room.limit_bytes, batch_at="/plan/batch" if asked else BATCH)
    if fault is None:
        return chosen
    if request.short is None:
        raise ConfigError([Fault(as_sent(fault.pointer, request.listed), fault.detail)])
    changes = {} if asked else _less(chosen.config, targets, load, room, may_cut=request.short.max_length is None)
    if not changes:
        at = {BATCH: "/dataset", LENGTH: "/max_length"}.get(fault.pointer, fault.pointer)
        raise ConfigError([Fault("/max_length" if request.short.max_length and not asked else at, fault.detail)])
    config = chosen.config
    for at, value in changes.items():
        config = _with(config, at, value)
    why = f"as many as fit into {size(room.limit_bytes)} of memory"
    return replace(chosen, config=config, reasons=chosen.reasons | dict.fromkeys(changes, why))


def _less(config: RunConfig, targets: list[TargetSpec], load: Load, room: Room, *, may_cut: bool) -> dict[str, int]:
    """The batch, and where it would get too small the length, that fit; {} when none does."""
    batch = largest_batch(config, targets, load, room.limit_bytes)
    if may_cut and batch < min(FEWEST, load.batch):
        few = min(FEWEST, load.batch)
        if length := largest_length(config, targets, replace(load, batch=few), room.limit_bytes):
            return {BATCH: few, LENGTH: length}
    return {BATCH: batch} if batch else {}


def _with(config: RunConfig, at: str, value: int) -> RunConfig:
    """The config with a value at a pointer."""
    values = dump_config(config)
    here = values
    *way, last = at.split("/")[1:]
    for part in way:
        here = here[part]
    here[last] = value
    return load_config(values)
