"""What makes a training of Octet's own model fit into memory: single changes of its keys, or all of them together."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import get_args

from models.config.load import Load
from models.config.mends import LENGTH, Fits, Mend, batch_mend, largest, shorter
from models.config.octet import SIZES, OctetConfig, Size
from models.config.recipe import STRIDES, stride_choice
from models.config.rules import OCTET
from models.config.run import RunConfig

SIZE = f"{OCTET}/size"
WIDE = f"{OCTET}/wide_memory_mb"
LEAST_WIDE_MB = 64
"""As the config's bound."""
STEP = 8
"""Bytes by which max_length is lowered."""
SHORT = 256
"""A max_length that still says something of a file."""


def octet_mends(config: RunConfig, load: Load, fits: Fits, batch_at: str) -> Iterator[Mend]:
    """Single changes that make the training fit, in the order in which people would rather have them.

    Where the wide branch alone takes too much, its memory is lowered in every one of them.
    """
    wide = fitting_wide_mb(config, load, fits)
    if wide:
        config = with_octet(config, wide_memory_mb=wide)
        if fits(config, load):
            yield Mend(WIDE, f"lower wide_memory_mb to {wide} (then it is fitted from files on disk)")
            return
    beside = f", wide_memory_mb to {wide}" if wide else ""
    for mend in _mends(config, load, fits, batch_at):
        yield Mend(mend.pointer, mend.words + beside)


def octet_together(config: RunConfig, load: Load, fits: Fits, batch_at: str) -> str:
    """What helps where no single change does: the largest size that fits with few bytes of one file a step."""
    length, alone = min(config.input.input_type_info.max_length, SHORT), replace(load, batch=1)
    wide = fitting_wide_mb(config, load, fits)
    least = with_octet(cut(config, length), members=1, **({"wide_memory_mb": wide} if wide else {}))
    found = next((name for name in smaller_sizes(config) if fits(resized(least, name), alone)), None)
    if found is None:
        return "Take fewer views, and lower size, ngram_bits, members, max_length and batch_size together."
    beside = f", wide_memory_mb {wide}" if wide else ""
    bits = resized(least, found).input.model_cfg.octet.ngram_bits
    files = f"{batch_at.rpartition('/')[2]} 1"
    return f"With {files}, max_length {length}, members 1, ngram_bits {bits}{beside}, size {found} would fit."


def fitting_wide_mb(config: RunConfig, load: Load, fits: Fits) -> int:
    """The largest wide_memory_mb below the config's that fits where the wide branch is what does not; 0: it does."""
    least = with_octet(resized(shorter(config, STEP), "nano"), members=1, views=["statistics"])
    alone = replace(load, batch=1, validation=0)
    if fits(least, alone):
        return 0
    most = config.input.model_cfg.octet.wide_memory_mb - 1
    wide = largest(most, lambda megabytes: fits(with_octet(least, wide_memory_mb=megabytes), alone))
    return wide if wide >= LEAST_WIDE_MB else 0


def fitting_length(config: RunConfig, load: Load, fits: Fits) -> int:
    """The longest max_length below the config's at which `cut` makes it fit; 0: none.

    Sought from stride to stride: a length just below a bound can need more than one just above it.
    """
    length = config.input.input_type_info.max_length
    bounds = [0, *(int(most) for most, _ in STRIDES if most < length - 1), length - 1]
    for below, most in reversed([*pairwise(bounds)]):
        found = largest((most - below) // STEP, lambda steps: fits(cut(config, below + steps * STEP), load))  # noqa: B023  (called at once)
        if found:
            return below + found * STEP
    return 0


def cut(config: RunConfig, length: int) -> RunConfig:
    """The config with fewer bytes of a file, and the stride that is chosen for so many; never a larger one."""
    stride = min(config.input.model_cfg.octet.stride or 1, stride_choice(length).value)
    return with_octet(shorter(config, length), stride=stride)


def smaller_sizes(config: RunConfig) -> list[Size]:
    """The sizes below the config's, the largest first."""
    sizes: tuple[Size, ...] = get_args(Size)
    size = config.input.model_cfg.octet.size
    assert size is not None
    return list(reversed(sizes[: sizes.index(size)]))


def resized(config: RunConfig, size: Size) -> RunConfig:
    """The config with another size of model, whose tables of n-grams have at most the rows of that size."""
    bits = min(SIZES[size].bits, config.input.model_cfg.octet.ngram_bits or SIZES[size].bits)
    return with_octet(config, size=size, ngram_bits=bits)


def with_octet(config: RunConfig, **changes: object) -> RunConfig:
    """The config with other values in `octet`."""
    octet: OctetConfig = config.input.model_cfg.octet.model_copy(update=changes)
    model = config.input.model_cfg.model_copy(update={"octet": octet})
    return config.model_copy(update={"input": config.input.model_copy(update={"model_cfg": model})})


def _mends(config: RunConfig, load: Load, fits: Fits, batch_at: str) -> Iterator[Mend]:
    octet = config.input.model_cfg.octet
    assert octet.members is not None
    assert octet.views is not None
    assert octet.stride is not None
    yield from batch_mend(config, load, fits, batch_at)
    if length := fitting_length(config, load, fits):
        yield Mend(LENGTH, f"lower max_length to {length}")
    if members := largest(octet.members - 1, lambda count: fits(with_octet(config, members=count), load)):
        yield Mend(f"{OCTET}/members", f"lower members to {members}")
    if size := next((name for name in smaller_sizes(config) if fits(resized(config, name), load)), None):
        bits = resized(config, size).input.model_cfg.octet.ngram_bits
        yield Mend(SIZE, f"set size to {size}" + (f" and ngram_bits to {bits}" if bits != octet.ngram_bits else ""))
    strides = [stride for stride in (2, 4, 8, 16) if "bytes" in octet.views and stride > octet.stride]
    if stride := next((stride for stride in strides if fits(with_octet(config, stride=stride), load)), None):
        yield Mend(f"{OCTET}/stride", f"set stride to {stride}")
    for view in octet.views:
        fewer = [name for name in octet.views if name != view]
        if fewer and fits(with_octet(config, views=fewer), load):
            yield Mend(f"{OCTET}/views", f"leave {view} out of views")
