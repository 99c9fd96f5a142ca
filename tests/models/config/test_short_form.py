"""The short form: a few words become a whole config, with reasons."""

import pytest

from models.config import dump_config, parse_request
from tests.models.config.bodies import chosen, classes, faults_of, numbers, summary

SHORT = {"dataset": "reviews", "target": "Sentiment"}


def value_at(config, pointer):
    here = dump_config(config)
    for part in pointer.split("/")[1:]:
        here = here[part]
    return here


def test_a_data_set_and_a_target_are_enough():
    got = chosen(SHORT)
    assert (got.config.dataset, got.max_runtime_s, got.notes) == ("reviews", None, [])
    assert got.config.input.input_info.input_name == "input"
    assert got.config.output.output_info.output_name == "output"
    assert got.config.output.output_type_info.target_cat_columns == ["Sentiment"]


def test_it_does_not_inherit_eirs_recipe():
    config = chosen(SHORT).config.globals
    assert isinstance(config.lr_schedule.warmup_steps, int)
    assert config.lr_schedule.warmup_steps <= 100
    assert config.training_control.early_stopping_patience == 0
    assert config.lr_schedule.lr_schedule == "cosine"


def test_every_reason_stands_at_a_value_of_the_config():
    got = chosen(SHORT)
    assert len(got.reasons) > 20
    for pointer, why in got.reasons.items():
        assert why
        value_at(got.config, pointer)


def test_the_expanded_config_posted_in_full_is_the_same_run():
    first = chosen({"dataset": "d", "targets": ["Sentiment", "Score"], "seed": 7}).config
    assert first.globals.basic_experiment.seed == 7
    assert chosen(dump_config(first)).config == first


def test_kinds_come_from_the_labels_unless_the_body_says_otherwise():
    columns = chosen({"dataset": "d", "targets": ["Score", "Sentiment"]}).config.output.output_type_info
    assert (columns.target_cat_columns, columns.target_con_columns) == (["Sentiment"], ["Score"])
    targets = [{"name": "Score", "type": "categorical"}, {"name": "Stars", "type": "continuous"}, {"name": "Kind"}]
    columns = chosen({"dataset": "d", "targets": targets}).config.output.output_type_info
    assert (columns.target_cat_columns, columns.target_con_columns) == (["Score", "Kind"], ["Stars"])


@pytest.mark.parametrize(
    ("lengths", "length", "window"),
    [
        ((40, 200, 350, 400), 448, 64),
        ((1, 30, 50, 61), 64, 0),
        ((0, 0, 0, 0), 8, 0),
        ((10, 20, 30, 500), 32, 0),
        ((10, 5_000, 9_000, 10**9), 512, 64),
    ],
)
def test_the_length_follows_the_files(lengths, length, window):
    got = chosen(SHORT, summary(lengths=lengths)).config.input
    assert (got.input_type_info.max_length, got.model_cfg.window_size) == (length, window)


def test_many_files_are_read_further():
    data = summary(25_000, lengths=(50, 1_000, 2_500, 14_000))
    assert chosen(SHORT, data).config.input.input_type_info.max_length == 1024


def test_what_the_body_says_is_taken_as_it_is():
    basic = chosen(SHORT | {"valid_size": 3, "max_length": 99, "seed": 2**62}).config
    assert basic.input.input_type_info.max_length == 99
    assert basic.globals.basic_experiment.valid_size == 3
    assert basic.globals.basic_experiment.seed == 2**62


@pytest.mark.parametrize("files", [2, 3, 10, 200, 600, 1_001, 25_000, 1_000_000])
def test_portions_and_passes_suit_the_number_of_files(files):
    config = chosen(SHORT, summary(files, Sentiment=classes(a=files - 1, b=1))).config.globals
    basic = config.basic_experiment
    held_back = basic.valid_size if isinstance(basic.valid_size, int) else basic.valid_size * files
    assert 1 <= basic.batch_size <= min(64, files - held_back + 1)
    assert 0 < held_back <= max(1, 0.2 * files)
    steps = basic.n_epochs * ((files - held_back) // basic.batch_size)
    assert 1 <= steps <= 80_000
    assert config.evaluation_checkpoint.sample_interval == "auto"


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {"/dataset": "missing", "/target": "missing"}),
        ({"dataset": "d"}, {"/target": "missing"}),
        ({"target": "Sentiment"}, {"/dataset": "missing"}),
        (SHORT | {"colour": 1}, {"/colour": "unknown key"}),
        (SHORT | {"lr": 1}, {"/lr": "/globals/optimization/lr"}),
        (SHORT | {"targts": ["a"]}, {"/targts": "'targets'"}),
        (SHORT | {"targets": ["Score"]}, {"/targets": "one of the two"}),
        ({"dataset": "d", "targets": []}, {"/targets": "not empty"}),
        ({"dataset": "d", "targets": ["Score", {"name": "Score"}]}, {"/targets/1/name": "already"}),
        ({"dataset": "d", "targets": ["Score", 3]}, {"/targets/1": "Put it in quotes"}),
        ({"dataset": "d", "targets": [{"name": "Score", "type": "number"}]}, {"/targets/0/type": "continuous"}),
        (
            {"dataset": "d", "targets": [{"name": "Score", "kind": "x"}]},
            {"/targets/0/kind": "known here are name, type"},
        ),
        ({"dataset": "d", "targets": [{"type": "continuous"}]}, {"/targets/0/name": "missing"}),
        (SHORT | {"target": "sentiment"}, {"/target": '"Sentiment"'}),
        (SHORT | {"target": "xyz"}, {"/target": '"Kind"'}),
        ({"dataset": "d", "targets": [{"name": "Kind", "type": "continuous"}]}, {"/targets/0/name": "categorical"}),
        (SHORT | {"valid_size": 1.0}, {"/valid_size": "no file to train on"}),
        (SHORT | {"valid_size": 320}, {"/valid_size": "count from 1 to 319"}),
        (SHORT | {"max_length": "3"}, {"/max_length": "quotes"}),
        (SHORT | {"preset": "large"}, {"/preset": '"auto"'}),
        (SHORT | {"seed": -1}, {"/seed": "at least 0|from 0"}),
        (SHORT | {"seed": None}, {"/seed": "integer"}),
        (SHORT | {"max_runtime_s": 0}, {"/max_runtime_s": "above 0"}),
        (SHORT | {"max_runtime_s": True}, {"/max_runtime_s": "no numbers"}),
        (SHORT | {"plan": {"steps": 0, "batch": 1.5}}, {"/plan/steps": "from 1", "/plan/batch": "integer"}),
        (SHORT | {"tags": ["ok", ""]}, {"/tags/1": "1 to 200"}),
    ],
)
def test_a_wrong_word_is_told_with_its_mend(body, faults):
    told = faults_of(body)
    assert set(told) == set(faults)
    for at, words in faults.items():
        assert any(word in told[at] for word in words.split("|"))


def test_one_file_is_too_few():
    assert "at least 2" in faults_of(SHORT, summary(1, Sentiment=classes(a=1)))["/target"]


def test_a_column_of_numbers_may_be_told_apart_as_classes():
    data = summary(100, Score=numbers(100))
    body = {"dataset": "d", "targets": [{"name": "Score", "type": "categorical"}]}
    assert chosen(body, data).config.output.output_type_info.target_cat_columns == ["Score"]


def test_the_form_is_told_by_the_keys():
    assert parse_request(SHORT).form == "short"
    assert (
        parse_request(
            {
                "input": {"input_info": {"input_source": "d"}},
                "output": {"output_type_info": {"target_cat_columns": ["a"]}},
            }
        ).form
        == "full"
    )
