"""What does not fit into memory is refused with changes of keys after which it really fits."""

import re

import pytest

from models.config import TargetSpec, choose_for_data, parse_request
from models.config.fits import POOL, WINDOW, memory_fault, size
from models.config.load import Load
from models.config.mends import BATCH, LENGTH
from models.config.rules import WIDTH
from models.config.size import memory_bytes
from tests.models.config.bodies import summary, tutorial, with_value

GIB = 2**30
TARGETS = [TargetSpec("Sentiment", "categorical", ["Negative", "Positive"])]


def config_with(**values):
    """The tutorial's config; its keys by their last parts."""
    at = {key.rpartition("/")[2]: key for key in (BATCH, LENGTH, WINDOW, POOL, WIDTH)}
    body = tutorial()
    for key, value in values.items():
        with_value(body, at[key], value)
    return choose_for_data(parse_request(body), summary()).config


def fault_of(limit, load, **values):
    return memory_fault(config_with(**values), TARGETS, load, round(limit))


def test_what_fits_has_no_fault():
    assert fault_of(16 * GIB, Load(64, 2)) is None


@pytest.mark.parametrize(
    ("limit", "load", "values", "pointer"),
    [
        (2 * GIB, Load(64, 2), {}, BATCH),
        (1 * GIB, Load(512, 2), {"max_length": 2048}, BATCH),
        (8 * GIB, Load(4, 2), {"window_size": 0, "max_length": 65_536}, LENGTH),
        (8 * GIB, Load(1, 1), {"max_length": 2**24}, LENGTH),
        (8 * GIB, Load(1, 1), {"embedding_dim": 8192}, WIDTH),
    ],
)
def test_the_fault_stands_at_a_key_and_each_change_it_names_fits(limit, load, values, pointer):
    fault = fault_of(limit, load, **values)
    assert fault.pointer == pointer
    config = config_with(**values)
    assert size(memory_bytes(config, TARGETS, load)) in fault.detail
    changes = {key: int(value) for key, value in re.findall(r"(?:lower|set) (\w+) to (\d+)", fault.detail)}
    assert changes
    for key, value in changes.items():
        if key == "batch_size":
            changed, smaller = config, Load(value, load.threads)
        elif key == "num_layers":
            continue
        else:
            changed, smaller = config_with(**values | {key: value}), load
        assert memory_bytes(changed, TARGETS, smaller) <= limit, (key, value)


def test_the_batch_it_names_is_the_largest_that_fits():
    detail = fault_of(2 * GIB, Load(64, 2)).detail
    batch = int(re.search(r"batch_size to (\d+)", detail)[1])
    sizes = [memory_bytes(config_with(), TARGETS, Load(files, 2)) for files in (batch, batch + 1)]
    assert sizes[0] <= 2 * GIB < sizes[1]
    assert f"gradient_accumulation_steps {-(-64 // batch)}" in detail


def test_pooling_is_proposed_where_every_byte_is_kept():
    detail = fault_of(8 * GIB, Load(2, 2), pool=None, max_length=16_384).detail
    assert 'set pool to "avg"' in detail


def test_an_impossible_config_is_told_a_model_that_would_fit():
    fault = fault_of(24 * GIB, Load(4096, 2), embedding_dim=4096, max_length=10_000_000)
    width = int(re.search(r"batch_size 1 and max_length 1024, embedding_dim (\d+) would fit", fault.detail)[1])
    assert "PiB" in fault.detail
    fitting = config_with(embedding_dim=width, max_length=1024)
    assert memory_bytes(fitting, TARGETS, Load(1, 2)) <= 24 * GIB


def test_a_machine_that_holds_no_training_process_is_said_so():
    assert "needs another machine" in fault_of(GIB / 4, Load(1)).detail


@pytest.mark.parametrize(
    ("count", "words"), [(10**6, "1 MiB"), (3 * GIB, "3.0 GiB"), (2**41, "2.0 TiB"), (2**52, "4.0 PiB")]
)
def test_sizes_are_words(count, words):
    assert size(count) == words
