"""The short form: a few words become a whole config, with reasons."""

import pytest

from models.config import choose_for_data, dump_config, parse_request
from models.packed.fields_probe import Fields, NumberRun
from models.packed.probes import Period, Probes, Wave
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


BALANCE = "/globals/training_control/weighted_sampling_columns"


@pytest.mark.parametrize(("common", "rare"), [(300, 100), (900, 100), (600, 30)])
def test_classes_of_uneven_number_are_drawn_equally_often_and_the_reason_counts_them(common, rare):
    got = chosen(SHORT, summary(common + rare, Sentiment=classes(no=common, yes=rare)))
    assert value_at(got.config, BALANCE) == ["all"]
    assert f"{common} files of the commonest class and {rare} of the rarest" in got.reasons[BALANCE]


@pytest.mark.parametrize(("common", "rare"), [(299, 100), (200, 200), (290, 29), (3000, 100)])
def test_classes_of_like_number_and_a_class_of_very_few_files_are_drawn_as_they_come(common, rare):
    got = chosen(SHORT, summary(common + rare, Sentiment=classes(no=common, yes=rare)))
    assert value_at(got.config, BALANCE) is None
    assert BALANCE not in got.reasons


@pytest.mark.parametrize(
    "targets", [["Sentiment", "Score"], ["Sentiment", "Stars"], [{"name": "Stars", "type": "continuous"}], ["Score"]]
)
def test_where_several_targets_or_numbers_are_learnt_files_are_drawn_as_they_come(targets):
    """A file without the label of a class would never be drawn."""
    stars = classes(**{"1": 300, "5": 100})
    uneven = summary(400, Sentiment=classes(no=300, yes=100), Score=numbers(400), Stars=stars)
    assert value_at(chosen({"dataset": "reviews", "targets": targets}, uneven).config, BALANCE) is None


def test_kinds_come_from_the_labels_unless_the_body_says_otherwise():
    columns = chosen({"dataset": "d", "targets": ["Score", "Sentiment"]}).config.output.output_type_info
    assert (columns.target_cat_columns, columns.target_con_columns) == (["Sentiment"], ["Score"])
    targets = [{"name": "Score", "type": "categorical"}, {"name": "Stars", "type": "continuous"}, {"name": "Kind"}]
    columns = chosen({"dataset": "d", "targets": targets}).config.output.output_type_info
    assert (columns.target_cat_columns, columns.target_con_columns) == (["Score", "Kind"], ["Stars"])


@pytest.mark.parametrize(
    ("lengths", "length", "stride"),
    [
        ((40, 200, 350, 400), 400, 2),
        ((1, 30, 50, 61), 64, 1),
        ((0, 0, 0, 0), 8, 1),
        ((10, 20, 30, 500), 32, 1),
        ((10, 800, 1_200, 1_300), 1_304, 4),
        ((10, 5_000, 9_000, 10**9), 4_096, 8),
    ],
)
def test_length_and_stride_follow_the_files(lengths, length, stride):
    got = chosen(SHORT, summary(lengths=lengths)).config.input
    assert (got.input_type_info.max_length, got.model_cfg.octet.stride) == (length, stride)


WAVE = Wave(reading="i16le", phase=1, predictability=0.9)
ROWS = Period(length=28, strength=0.5, unit=1, evenness=0.6)


FLOATS = NumberRun(at=4, reading="f32le", count=5)
RECORD = Fields(length=24, offset=0, table=False, covered=0.9, numbers=(FLOATS,))
MIXED = Fields(length=64, offset=0, table=False, covered=0.2, numbers=(FLOATS,))
TABLE = Fields(length=28, offset=2, table=True, covered=0.8, numbers=(FLOATS,))
MIXED_TABLE = Fields(length=28, offset=2, table=True, covered=0.2, numbers=(FLOATS,))


def looks(*, equal=0.0, wave=None, period=None, fields=None, files=320):
    """A summary of files that the probes found to be so."""
    probes = Probes(equal_lengths=equal, wave=wave, period=period, fields=fields)
    return summary(files).model_copy(update={"probes": probes})


@pytest.mark.parametrize(
    ("data", "views"),
    [
        (summary(), ["bytes", "ngrams", "statistics"]),
        (looks(), ["bytes", "ngrams", "statistics"]),
        (looks(wave=WAVE), ["wave", "statistics"]),
        (looks(period=ROWS), ["raster", "statistics"]),
        (looks(wave=WAVE, period=ROWS), ["raster", "statistics"]),
        (looks(fields=RECORD), ["fields"]),
        (looks(fields=RECORD, period=ROWS), ["fields"]),
        (looks(fields=MIXED), ["bytes", "ngrams", "fields", "statistics"]),
        (looks(fields=RECORD, wave=WAVE), ["wave", "fields"]),
        (looks(fields=TABLE, period=ROWS), ["fields"]),
        (looks(fields=TABLE, period=ROWS, wave=WAVE), ["fields"]),
        (looks(fields=MIXED_TABLE, period=ROWS), ["raster", "fields", "statistics"]),
        (looks(fields=MIXED_TABLE), ["bytes", "ngrams", "fields", "statistics"]),
        (looks(period=ROWS.model_copy(update={"strength": 0.08})), ["raster", "statistics"]),
        (looks(wave=WAVE, period=ROWS.model_copy(update={"strength": 0.08})), ["wave", "statistics"]),
    ],
)
def test_the_views_are_those_that_the_bytes_call_for(data, views):
    got = chosen(SHORT, data)
    octet = got.config.input.model_cfg.octet
    assert octet.views == views
    read_by = {"wave": octet.wave, "raster": octet.raster, "fields": octet.fields}
    assert {name for name, how in read_by.items() if how is not None} == set(views) & set(read_by)
    assert "/input/model_config/octet/views" in got.reasons


def test_views_read_by_what_the_probes_found():
    wave = chosen(SHORT, looks(wave=WAVE)).config.input.model_cfg.octet.wave
    assert (wave.reading, wave.phase) == ("i16le", 1)
    even, odd = (
        chosen(SHORT, looks(equal=equal, period=ROWS.model_copy(update={"evenness": evenness})))
        for equal, evenness in ((1.0, 0.6), (0.5, 0.1))
    )
    raster = even.config.input.model_cfg.octet.raster
    assert (raster.period, raster.unit, raster.grid, raster.shift) == (28, 1, True, 1)
    raster = odd.config.input.model_cfg.octet.raster
    assert (raster.grid, raster.shift) == (False, 0)


def test_how_records_are_laid_out_is_said_in_words():
    reasons = [chosen(SHORT, looks(fields=found, period=ROWS)).reasons for found in (RECORD, TABLE)]
    one, table = (reason["/input/model_config/octet/fields"] for reason in reasons)
    assert one == "each file is a record of 24 bytes: 5 x f32le from byte 4"
    assert table == "files are tables of records of 28 bytes behind 2 others: 5 x f32le from byte 4"


@pytest.mark.parametrize(("files", "size"), [(100, "nano"), (2_000, "tiny"), (100_000, "tiny")])
def test_the_size_follows_files_and_device(files, size):
    data = summary(files, Sentiment=classes(a=files - 1, b=1))
    assert chosen(SHORT, data).config.input.model_cfg.octet.size == size
    on_gpu = choose_for_data(parse_request(SHORT), data, "cuda").config.input.model_cfg.octet.size
    assert on_gpu == {100: "nano", 2_000: "tiny", 100_000: "base"}[files]


@pytest.mark.parametrize(("files", "members"), [(200, 2), (800, 3), (3_000, 3), (50_000, 1)])
def test_few_files_are_learnt_by_several_members(files, members):
    data = summary(files, lengths=(10, 40, 60, 64), Sentiment=classes(a=files - 1, b=1))
    assert chosen(SHORT, data).config.input.model_cfg.octet.members == members


def test_no_more_members_than_learn_in_the_time():
    data = summary(3_000, lengths=(10, 40, 60, 64), Sentiment=classes(a=2_999, b=1))
    asked = (SHORT | {"max_runtime_s": seconds} for seconds in (10, 900, 3_600))
    octets = [chosen(body, data) for body in asked]
    assert [got.config.input.model_cfg.octet.members for got in octets] == [1, 2, 3]
    assert "time" in octets[0].reasons["/input/model_config/octet/members"]
    on_gpu = choose_for_data(parse_request(SHORT | {"max_runtime_s": 10}), data, "cuda")
    assert on_gpu.config.input.model_cfg.octet.members == 3


def test_rows_and_signals_are_passed_over_more_often_than_bytes():
    passes = [
        chosen(SHORT, data).config.globals.basic_experiment.n_epochs
        for data in (looks(files=2_000), looks(files=2_000, wave=WAVE), looks(files=2_000, period=ROWS))
    ]
    assert passes == sorted(set(passes))


def test_the_tables_of_n_grams_are_as_large_as_the_data_call_for():
    few, many = (summary(files, Sentiment=classes(a=files - 1, b=1)) for files in (20, 25_000))
    bits = [chosen(SHORT, data).config.input.model_cfg.octet.ngram_bits for data in (few, many)]
    assert bits == [15, 18]


def full(**octet):
    """A full body with Octet's own model and these keys of it."""
    return {
        "dataset": "reviews",
        "input": {"model_config": {"model_type": "octet", "octet": octet}},
        "output": {"output_type_info": {"target_cat_columns": ["Sentiment"]}},
    }


def test_what_a_full_config_leaves_open_is_chosen_and_what_it_gives_is_kept():
    got = chosen(full(size="small", members=3), looks(wave=WAVE))
    octet = got.config.input.model_cfg.octet
    assert (octet.size, octet.members, octet.views) == ("small", 3, ["wave", "statistics"])
    assert None not in (octet.stride, octet.ngram_bits, octet.wave)
    given = {"/input/model_config/octet/size", "/input/model_config/octet/members"}
    assert not given & set(got.reasons)
    assert {"/input/model_config/octet/views", "/input/model_config/octet/wave"} <= set(got.reasons)


def test_what_is_given_decides_what_is_chosen_beside_it():
    octet = chosen(full(views=["wave", "bytes"]), looks(wave=WAVE, period=ROWS)).config.input.model_cfg.octet
    assert (octet.wave.reading, octet.raster) == ("i16le", None)
    octet = chosen(full(raster={"period": 24}), looks(wave=WAVE)).config.input.model_cfg.octet
    assert (octet.views, octet.raster.period, octet.wave) == (["raster", "statistics"], 24, None)
    assert chosen(full(wave={"reading": "u8"}), looks()).config.input.model_cfg.octet.views == ["wave", "statistics"]


def test_files_without_a_label_and_files_named_for_validation_are_none_to_train_on():
    few = summary(100_000, Sentiment=classes(a=100, b=100))
    assert chosen(full(), few).config.input.model_cfg.octet.size == "nano"
    body, data = full(), summary(400, Sentiment=classes(a=200, b=200))
    assert chosen(body, data).config.input.model_cfg.octet.size == "tiny"
    body["globals"] = {"basic_experiment": {"manual_valid_ids": [f"f{at}" for at in range(150)]}}
    assert chosen(body, data).config.input.model_cfg.octet.size == "nano"


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
    assert 1 <= steps <= 100_000
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
