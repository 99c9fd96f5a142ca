"""What Octet's own model is told to change really fits."""

import re
from dataclasses import replace

import pytest

from models.config import load_config, memory_bytes
from models.config.fits import memory_fault
from models.config.load import Load
from models.config.mends import BATCH, LENGTH
from models.config.octet_fits import SIZE, WIDE
from models.config.recipe import stride_choice
from tests.models.config.test_octet_size import TARGETS, octet_config

MIB = 2**20
MEMBERS = "/input/model_config/octet/members"


def fault_of(limit_mib, config, load):
    return memory_fault(config, TARGETS, load, limit_mib * MIB)


def changed(config, load, words):
    """The config and load after the changes that a mend's words name."""
    values = config.model_dump(mode="json", by_alias=True)
    octet = values["input"]["model_config"]["octet"]
    for key, value in re.findall(r"(\w+) to (\w+)", words):
        if key == "batch_size":
            load = replace(load, batch=int(value))
        elif key == "max_length":
            values["input"]["input_type_info"]["max_length"] = int(value)
        else:
            octet[key] = int(value) if value.isdigit() else value
    for view in re.findall(r"leave (\w+) out of views", words):
        octet["views"].remove(view)
    return load_config(values), load


def mends_of(detail):
    return re.sub(r" \([^)]*\)", "", detail.partition("What would fit: ")[2]).split(", or ")


@pytest.mark.parametrize(
    ("limit", "config", "load", "first"),
    [
        (800, octet_config(1024, size="tiny"), Load(64), BATCH),
        (760, octet_config(16_384, size="tiny"), Load(1), LENGTH),
        (800, octet_config(1024, size="tiny", members=4), Load(64), MEMBERS),
        (900, octet_config(1024, size="small", stride=1, wide=True), Load(2, data_bytes=10**9), SIZE),
        (2000, octet_config(512, size="large", views=["ngrams"]), Load(4), SIZE),
        (1000, octet_config(wide=True), Load(2, data_bytes=10**9), WIDE),
    ],
)
def test_the_fault_stands_at_a_key_and_each_change_it_names_fits(limit, config, load, first):
    fault = fault_of(limit, config, load)
    assert fault.pointer == first
    for words in mends_of(fault.detail):
        assert memory_bytes(*(one := changed(config, load, words))[:1], TARGETS, one[1]) <= limit * MIB, words


@pytest.mark.parametrize("limit", [545, 555, 560, 640])
def test_a_length_that_is_named_fits_with_the_stride_of_the_config_and_with_the_one_chosen_for_it(limit):
    def config(length, stride=8):
        return octet_config(length, views=["bytes"], stride=stride, ngram_bits=10)

    found = re.search(r"max_length to (\d+)", fault_of(limit, config(65_536), Load(1)).detail)
    length = int(found[1])
    for stride in (8, stride_choice(length).value):
        assert memory_bytes(config(length, stride), TARGETS, Load(1)) <= limit * MIB


def test_what_fits_has_no_fault():
    assert fault_of(2000, octet_config(), Load(8)) is None


def test_an_impossible_config_is_told_a_model_that_would_fit():
    config = octet_config(8192, size="large", members=4, wide=True)
    fault = fault_of(800, config, Load(64, data_bytes=10**9))
    assert fault.pointer == SIZE
    words = re.sub(r"(batch_size|max_length|members|ngram_bits|wide_memory_mb|size) (\w+)", r"\1 to \2", fault.detail)
    fitting, load = changed(config, Load(64, data_bytes=10**9), words.partition("had. ")[2])
    assert fitting.input.model_cfg.octet.size in ("nano", "tiny")
    assert memory_bytes(fitting, TARGETS, load) <= 800 * MIB
