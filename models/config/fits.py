"""The rule of memory: does a training fit into what a machine grants, and if not, what change of a key would fit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from models.config.faults import Fault
from models.config.inputs import ExtractorModel
from models.config.load import PROCESS_BYTES, Load
from models.config.mends import BATCH, LENGTH, Fits, Mend, batch_mend, largest, shorter
from models.config.octet_fits import SIZE, octet_mends, octet_together
from models.config.rules import WIDTH
from models.config.run import RunConfig
from models.config.size import is_octet, memory_bytes
from models.config.targets import TargetSpec

WINDOW = "/input/model_config/window_size"
POOL = "/input/model_config/pool"
LAYERS = "/input/model_config/model_init_config/num_layers"
BEST_WINDOW = 128
"""A window that is worth proposing, where attention over all bytes is what costs."""
SHORT = 1024
"""A max_length to begin with, where even the weights are too many."""

_UNITS = (("PiB", 50), ("TiB", 40), ("GiB", 30), ("MiB", 20))


def memory_fault(
    config: RunConfig, targets: Sequence[TargetSpec], load: Load, limit_bytes: int, *, batch_at: str = BATCH
) -> Fault | None:
    """What is wrong when a training needs more than limit_bytes; None when it fits.

    The fault stands at the first key whose change alone would do, and names the others. batch_at: where the files per
    step were asked for.
    """
    needed = memory_bytes(config, targets, load)
    if needed <= limit_bytes:
        return None

    def fits(changed: RunConfig, load: Load) -> bool:
        return memory_bytes(changed, targets, load) <= limit_bytes

    files = "1 file" if load.batch == 1 else f"{load.batch} files"
    what = (
        f"{files} a step of {config.input.input_type_info.max_length} bytes need about {size(needed)} of "
        f"memory to train, and {size(limit_bytes)} can be had"
    )
    if limit_bytes <= PROCESS_BYTES[load.device]:
        least = size(PROCESS_BYTES[load.device])
        return Fault(batch_at, f"{what}; even an empty training process takes {least}: it needs another machine.")
    ours = is_octet(config)
    changes = octet_mends if ours else _mends
    mends = [*changes(config, load, fits, batch_at)]
    if not mends and load.batch > 1:
        mends = [
            Mend(mend.pointer, f"{mend.words} and {batch_at.rpartition('/')[2]} to 1")
            for mend in changes(config, replace(load, batch=1), fits, batch_at)
        ]
    if not mends:
        together = octet_together if ours else _together
        return Fault(SIZE if ours else WIDTH, f"{what}. {together(config, load, fits, batch_at)}")
    return Fault(mends[0].pointer, f"{what}. What would fit: {', or '.join(mend.words for mend in mends)}.")


def largest_batch(config: RunConfig, targets: Sequence[TargetSpec], load: Load, limit_bytes: int) -> int:
    """The most files a step, load.batch at most, that fit into limit_bytes; 0 when a single one does not."""
    return largest(load.batch, lambda batch: memory_bytes(config, targets, replace(load, batch=batch)) <= limit_bytes)


def size(count: int) -> str:
    """Bytes in words, by powers of 1024."""
    unit, power = next((name, power) for name, power in _UNITS if count >= 2**power or power == 20)
    return f"{count / 2**power:.{0 if power == 20 else 1}f} {unit}"


def _mends(config: RunConfig, load: Load, fits: Fits, batch_at: str) -> Iterator[Mend]:
    """Single changes that make the training fit, in the order in which people would rather have them."""
    model = config.input.model_cfg
    yield from batch_mend(config, load, fits, batch_at)
    if length := _length(config, lambda changed: fits(changed, load)):
        yield Mend(LENGTH, f"lower max_length to {length}")
    tight = _with(config, window_size=BEST_WINDOW)
    if (model.window_size or config.input.input_type_info.max_length) > BEST_WINDOW and fits(tight, load):
        yield Mend(WINDOW, f"set window_size to {BEST_WINDOW}")
    if model.pool is None and fits(_with(config, pool="avg"), load):
        yield Mend(POOL, 'set pool to "avg"')
    if width := _width(config, lambda changed: fits(changed, load)):
        yield Mend(WIDTH, f"lower embedding_dim to {width}")
    if layers := largest(model.model_init_config.num_layers - 1, lambda n: fits(_layers(config, n), load)):
        yield Mend(LAYERS, f"lower num_layers to {layers}")


def _together(config: RunConfig, load: Load, fits: Fits, batch_at: str) -> str:
    """What helps where the weights alone are too many: the widest model that fits with few bytes of one file a step."""
    length = min(config.input.input_type_info.max_length, SHORT)
    width = _width(shorter(config, length), lambda changed: fits(changed, replace(load, batch=1)))
    if not width:
        return "Lower embedding_dim, num_layers, max_length, fc_task_dim and batch_size together."
    return f"With {batch_at.rpartition('/')[2]} 1 and max_length {length}, embedding_dim {width} would fit."


def _width(config: RunConfig, fits: Callable[[RunConfig], bool]) -> int:
    """The largest embedding_dim below the config's that fits and that the heads divide evenly; 0: none."""
    model = config.input.model_cfg
    step = 2 * model.model_init_config.num_heads
    return step * largest(model.embedding_dim // step - 1, lambda n: fits(_with(config, embedding_dim=n * step)))


def _length(config: RunConfig, fits: Callable[[RunConfig], bool]) -> int:
    """The longest max_length below the config's that fits: whole windows, or eight bytes at a time within one."""
    model, length = config.input.model_cfg, config.input.input_type_info.max_length
    step = model.window_size if 0 < model.window_size < length else 8
    return step * largest((length - 1) // step, lambda steps: fits(shorter(config, steps * step)))


def _with(config: RunConfig, **changes: object) -> RunConfig:
    """The config with other values in its model."""
    model: ExtractorModel = config.input.model_cfg.model_copy(update=changes)
    return config.model_copy(update={"input": config.input.model_copy(update={"model_cfg": model})})


def _layers(config: RunConfig, layers: int) -> RunConfig:
    init = config.input.model_cfg.model_init_config.model_copy(update={"num_layers": layers})
    return _with(config, model_init_config=init)
