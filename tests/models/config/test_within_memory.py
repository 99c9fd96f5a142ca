"""The short form never chooses what does not fit; the full form is refused where it was asked for."""

import pytest

from models.config import ConfigError, Room, choose_for_data, memory_bytes, parse_request, sized_targets, within_memory
from models.config.within_memory import load_of
from tests.models.config.bodies import classes, summary, tutorial, with_value

MIB = 2**20
LARGE = summary(20_000, lengths=(40, 5000, 9000, 9000), Sentiment=classes(a=10_000, b=10_000))
SHORT = {"dataset": "d", "target": "Sentiment"}


def held_to(body, limit, data=LARGE):
    """The choice within a limit, and the memory that it needs."""
    request = parse_request(body)
    chosen = within_memory(choose_for_data(request, data), request, data, Room(limit, 2))
    load = load_of(chosen.config, request, data, 2)
    return chosen, memory_bytes(chosen.config, sized_targets(chosen.config, data), load)


def faults(body, limit, data=LARGE):
    with pytest.raises(ConfigError) as refused:
        held_to(body, limit, data)
    return {fault.pointer: fault.detail for fault in refused.value.faults}


def test_where_there_is_room_nothing_is_chosen_otherwise():
    request = parse_request(SHORT)
    free = choose_for_data(request, LARGE)
    assert within_memory(free, request, LARGE, Room(64 * 1024 * MIB, 2)) is free


BATCH, LENGTH = "/globals/basic_experiment/batch_size", "/input/input_type_info/max_length"
OCTET = "/input/model_config/octet"


@pytest.mark.parametrize(
    ("limit", "less"),
    [
        (1500, {f"{OCTET}/wide_memory_mb"}),
        (850, {f"{OCTET}/wide_memory_mb", BATCH}),
        (668, {f"{OCTET}/wide_memory_mb", BATCH, f"{OCTET}/size", f"{OCTET}/ngram_bits"}),
        (623, {f"{OCTET}/wide_memory_mb", BATCH, f"{OCTET}/size", f"{OCTET}/ngram_bits", LENGTH}),
    ],
)
def test_the_short_form_takes_less_of_what_costs_the_least_and_says_why(limit, less):
    chosen, needed = held_to(SHORT, limit * MIB)
    assert needed <= limit * MIB
    assert {at for at, why in chosen.reasons.items() if "fits into" in why} == less


@pytest.mark.parametrize(("limit", "stride"), [(630, 8), (600, 8), (599, 4), (596, 4)])
def test_a_shorter_piece_has_the_stride_that_its_own_length_calls_for(limit, stride):
    chosen, needed = held_to(SHORT, limit * MIB)
    length = chosen.config.input.input_type_info.max_length
    asked, _ = held_to(SHORT | {"max_length": length}, 64 * 1024 * MIB)
    assert needed <= limit * MIB
    assert length < 4096
    assert chosen.config.input.model_cfg.octet.stride == asked.config.input.model_cfg.octet.stride == stride
    assert chosen.reasons[f"{OCTET}/stride"] == asked.reasons[f"{OCTET}/stride"]


def test_few_files_learn_with_one_member_before_a_smaller_model_is_taken():
    few = summary(800, lengths=(40, 800, 900, 1000), Sentiment=classes(a=400, b=400))
    free, _ = held_to(SHORT, 64 * 1024 * MIB, few)
    assert free.config.input.model_cfg.octet.members == 3
    chosen, _ = held_to(SHORT, 760 * MIB, few)
    assert (chosen.config.input.model_cfg.octet.members, chosen.config.input.model_cfg.octet.size) == (1, "tiny")


def test_what_the_short_form_was_asked_for_is_kept_or_refused():
    chosen, _ = held_to(SHORT | {"max_length": 8192}, 1024 * MIB)
    assert chosen.config.input.input_type_info.max_length == 8192
    assert "lower max_length to" in faults(SHORT | {"max_length": 2**24}, 800 * MIB)["/max_length"]
    assert held_to(SHORT | {"plan": {"batch": 64}}, 800 * MIB)[0].config.input.input_type_info.max_length < 4096
    assert "lower batch to" in faults(SHORT | {"plan": {"batch": 4096}, "max_length": 4096}, 800 * MIB)["/plan/batch"]


def test_a_machine_too_small_for_anything_is_said():
    assert "another machine" in faults(SHORT, 300 * MIB)["/dataset"]


def test_the_full_form_is_refused_at_its_key_also_in_a_list():
    body = with_value(tutorial(), "/input/input_type_info/max_length", 2**22)
    body["input"] = [body["input"]]
    assert list(faults(body, 4096 * MIB)) == ["/input/0/input_type_info/max_length"]
    assert list(faults(tutorial(), 2048 * MIB)) == ["/globals/basic_experiment/batch_size"]
    assert list(faults(tutorial() | {"plan": {"batch": 128}}, 2048 * MIB)) == ["/plan/batch"]


def test_a_batch_counts_as_the_files_there_are():
    few = summary(24)
    body = with_value(tutorial(), "/globals/basic_experiment/batch_size", 60_000)
    assert held_to(body, 4096 * MIB, few)[1] < 2048 * MIB
