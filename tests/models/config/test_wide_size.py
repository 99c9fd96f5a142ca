"""The bounds of the wide branch hold for what is really fitted, and the data can come near them."""

import tracemalloc

import numpy as np
import pytest
import torch

from models.config import TargetSpec, checkpoint_sizes, predicting_bytes
from models.config.octet import OctetConfig
from models.config.wide_size import (
    KERNEL_BYTES,
    KERNEL_FILES,
    LEAST_FILES,
    LEVELS,
    OF_A_BYTE,
    PASSES,
    SIEVE_BYTES,
    WEIGHTS,
    fitting_bytes,
    kept_bytes,
)
from models.nn.wide import WideHead
from models.nn.wide.gram_kinds import PLACED_ORDERS
from models.nn.wide.kernel import KernelMachine
from models.nn.wide.tally import SIEVE_BITS
from models.training.wide import fit, fit_wide, kernel_fit
from models.training.wide.effort import COUNTS, EFFORTS, Effort, min_files_of
from tests.models.config.test_octet_size import octet_config
from tests.models.training.tasks import pack_of

KIND, LEVEL = TargetSpec("kind", "categorical", ["a", "b", "c"]), TargetSpec("level", "continuous")


@pytest.mark.parametrize(("data", "megabytes"), [(0, 100), (10**6, 164), (10**9, 2000), (None, 2000)])
def test_its_fit_takes_what_the_data_need_up_to_its_limit(data, megabytes):
    assert fitting_bytes(OctetConfig(), [KIND], data, 10) == megabytes * 10**6
    assert fitting_bytes(OctetConfig(wide=False), [KIND], data, 10) == 0


def test_the_matrices_of_a_kernel_machine_fit_into_what_its_fit_is_said_to_take():
    draw = np.random.default_rng(0)
    files = [draw.integers(0, 256, 40, dtype=np.uint8) for _ in range(700)]
    tracemalloc.start()
    kernel_fit.fit_kernel(KernelMachine(), files, np.linspace(-1, 1, 700), 0, lambda: None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    with_numbers, without = (fitting_bytes(OctetConfig(), [aim], 28_000, 700) for aim in (LEVEL, KIND))
    assert 0.4 * 8 * 4 * 700**2 < peak < with_numbers
    assert with_numbers > without


def test_a_set_that_no_kernel_machine_is_fitted_to_needs_no_room_for_one():
    assert fitting_bytes(OctetConfig(), [LEVEL], 10**7, 4_000) == fitting_bytes(OctetConfig(), [KIND], 10**7, 4_000)


def test_the_bounds_are_those_of_the_fit():
    assert (WEIGHTS, 2**SIEVE_BITS) == (fit.WEIGHTS, SIEVE_BYTES)
    assert (KERNEL_BYTES, KERNEL_FILES) == (kernel_fit.MOST_BYTES, kernel_fit.MOST_FILES)
    assert len(EFFORTS[0].orders) + len(PLACED_ORDERS) == PASSES == max(len(e.orders) for e in EFFORTS) + 3
    assert min_files_of(1) == LEAST_FILES
    assert sum(1 / level for level in COUNTS) <= LEVELS


def twins(length, pairs=20):
    """Files of noise that all come twice, so that no n-gram of them is left out."""
    draw = np.random.default_rng(0)
    some = [draw.integers(0, 256, length, dtype=np.uint8) for _ in range(pairs)]
    return [*some, *some]


@pytest.mark.parametrize("targets", [[KIND], [LEVEL], [KIND, LEVEL]], ids=["classes", "a number", "both"])
def test_what_a_fit_keeps_lies_within_the_bound_that_its_data_give(tmp_path, targets):
    files = {f"f{at}": bytes(file) for at, file in enumerate(twins(60))}
    dataset = pack_of(tmp_path / "pack", files, {"kind": ["a", "b"] * 20})
    labels = {"kind": torch.arange(40) % 3, "level": torch.arange(40) / 20 - 1}
    head = WideHead({target.name: target.outputs for target in targets})
    places = np.arange(40)
    fit_wide(head, dataset, places, places[:5], labels, targets, effort=Effort((2, 3, 4), (1.0,), 5), scratch=tmp_path)
    kept, bound = held_by(head), kept_bytes(OctetConfig(), targets, 40 * 60)
    assert kept <= bound
    assert LEVEL in targets or 0.4 * bound <= kept


def test_what_a_kernel_machine_keeps_lies_within_the_bound_that_its_data_give():
    machine, files = KernelMachine(), twins(300)
    kernel_fit.fit_kernel(machine, files, np.arange(40) / 20 - 1, 0, lambda: None)
    assert 0.4 * OF_A_BYTE * 40 * 300 <= held_by(machine) <= kept_bytes(OctetConfig(), [LEVEL], 40 * 300)


def held_by(module):
    return sum(buffer.nbytes for buffer in module.buffers())


def test_the_estimates_of_checkpoints_and_predictions_hold_what_is_kept():
    narrow, wide = octet_config(wide=False), octet_config(wide=True)
    for data_bytes in (0, 10**5, 10**9, None):
        kept = kept_bytes(OctetConfig(), [KIND, LEVEL], data_bytes)
        without, beside = (checkpoint_sizes(config, [KIND, LEVEL], data_bytes) for config in (narrow, wide))
        assert [with_it - alone for alone, with_it in zip(without, beside, strict=True)] == [kept, kept]
        serving = [predicting_bytes(config, [KIND, LEVEL], 8, data_bytes=data_bytes) for config in (narrow, wide)]
        assert serving[1] - serving[0] >= kept + SIEVE_BYTES


def test_many_bytes_and_unknown_ones_are_bounded_by_what_a_fit_may_keep():
    assert kept_bytes(OctetConfig(), [KIND], None) == kept_bytes(OctetConfig(), [KIND], 10**9)
    assert kept_bytes(OctetConfig(), [KIND], 10**9) == (8 + 3 * 4) * (2**23 // 3)
    assert kept_bytes(OctetConfig(wide=False), [KIND], 10**9) == 0
