"""EIR's configuration as a body: its defaults, what is honoured, what has no effect, what is refused."""

import pytest

from models.config import dump_config, parse_request
from models.config.faults import pointer
from models.config.keys import OnlyDefault, WithoutEffect
from models.config.notes import fields, inner_model
from models.config.shortcuts import FullForm
from tests.models.config.bodies import chosen, classes, faults_of, summary, tutorial, with_value


def marked(mark, model=FullForm, parts=()):
    """Every key of the full form that carries the mark, with its field."""
    for key, field in fields(model).items():
        if any(isinstance(one, mark) for one in field.metadata):
            yield pointer(*parts, key), field
        elif inner := inner_model(field):
            yield from marked(mark, inner, (*parts, key))


def test_the_tutorial_is_honoured_key_by_key():
    got = chosen(tutorial())
    config = got.config
    assert (config.dataset, parse_request(tutorial()).name, got.max_runtime_s) == ("reviews", "tutorial_06", None)
    basic = config.globals.basic_experiment
    assert (basic.n_epochs, basic.valid_size, basic.batch_size, basic.seed) == (50, 0.1, 64, 0)
    assert config.globals.training_control.mixing_alpha == 0.5
    assert config.input.input_info.input_name == "text"
    assert config.input.input_type_info.max_length == 1024
    model = config.input.model_cfg
    assert (model.window_size, model.embedding_dim, model.pool, model.position) == (128, 64, "avg", "embed")
    assert (model.model_init_config.num_layers, model.model_init_config.num_heads) == (4, 8)
    assert config.output.output_type_info.target_cat_columns == ["Sentiment"]


def test_what_is_left_out_has_eirs_defaults():
    config = chosen(
        {"input": {"input_info": {"input_source": "d"}}, "output": tutorial()["output"] | {"output_info": {}}}
    )
    values = dump_config(config.config)
    assert values["globals"]["optimization"] == {
        "optimizer": "adamw",
        "lr": 3e-4,
        "lr_lb": 0.0,
        "b1": 0.9,
        "b2": 0.999,
        "wd": 1e-4,
        "gradient_clipping": 1.0,
        "gradient_accumulation_steps": None,
    }
    assert values["globals"]["lr_schedule"] == {
        "lr_schedule": "plateau",
        "lr_plateau_patience": 10,
        "lr_plateau_factor": 0.2,
        "warmup_steps": "auto",
    }
    assert values["globals"]["evaluation_checkpoint"] == {
        "sample_interval": 200,
        "checkpoint_interval": None,
        "n_saved_models": 1,
    }
    assert values["globals"]["training_control"] == {
        "early_stopping_patience": 10,
        "early_stopping_buffer": None,
        "weighted_sampling_columns": None,
        "mixing_alpha": 0.0,
    }
    assert values["input"]["input_type_info"]["max_length"] == 256
    assert values["input"]["model_config"]["model_init_config"] == {
        "num_heads": 8,
        "num_layers": 2,
        "dim_feedforward": "auto",
        "dropout": 0.1,
    }
    blocks = {"layers": [2], "fc_task_dim": 256, "rb_do": 0.1, "fc_do": 0.1, "stochastic_depth_p": 0.1}
    assert values["fusion"] == {"model_type": "mlp-residual", "model_config": blocks}
    assert values["output"]["model_config"]["model_init_config"] == blocks | {"final_layer_type": "linear"}


def test_the_chosen_config_posted_again_is_the_same_run():
    first = chosen(tutorial()).config
    assert chosen(dump_config(first)).config == first


def test_keys_without_effect_are_noted_where_they_were_sent():
    notes = {note["pointer"]: note["detail"] for note in chosen(tutorial(), summary(50_000)).notes}
    assert set(notes) == {
        "/globals/basic_experiment/dataloader_workers",
        "/globals/basic_experiment/memory_dataset",
        "/globals/basic_experiment/output_folder",
    }


@pytest.mark.parametrize(("at", "field"), list(marked(WithoutEffect)))
def test_a_key_without_effect_is_accepted_noted_and_not_kept(at, field):
    got = chosen(with_value(tutorial(), at, field.default))
    assert [note for note in got.notes if note["pointer"] == at and "without effect" in note["detail"]]
    assert got.config == chosen(tutorial()).config
    assert field.exclude


@pytest.mark.parametrize(("at", "field"), list(marked(OnlyDefault)))
def test_a_refused_key_is_accepted_at_its_default_only(at, field):
    assert faults_of(with_value(tutorial(), at, field.default)) == {}
    other = {bool: not field.default, int: 7, float: 0.5}.get(type(field.default), "x")
    (detail,) = (text for key, text in faults_of(with_value(tutorial(), at, other)).items() if key == at)
    assert "is not supported" in detail
    assert field.exclude


def test_every_key_says_what_becomes_of_it():
    expected = {"dataloader_workers", "memory_dataset", "no_pbar", "plot_skip_steps", "log_level", "device", "hardware"}
    assert expected <= {at.rpartition("/")[2] for at, _ in marked(WithoutEffect)}
    refused = {
        "gradient_noise",
        "n_iter_before_swa",
        "latent_sampling",
        "pretrained_checkpoint",
        "manual_valid_ids_file",
    }
    refused |= {"compute_attributions", "tensor_broker_config", "streaming_batch_size", "freeze_pretrained_model"}
    assert refused <= {at.rpartition("/")[2] for at, _ in marked(OnlyDefault)}


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        ("/globals/optimization/optimizer", "adahessian", "second derivatives"),
        ("/globals/optimization/optimizer", "adabelief", "adamw"),
        ("/globals/optimization/optimizer", "adabeliefw", "adamw"),
        ("/globals/optimization/optimizer", "adamm", 'The nearest is "adam'),
        ("/fusion/model_type", "mgmoe", "mlp-residual"),
        ("/fusion/model_type", "identity", "mlp-residual"),
        ("/fusion/model_type", "attention", "mlp-residual"),
        ("/fusion/model_type", "pass-through", "mlp-residual"),
        ("/input/input_info/input_type", "omics", "raw bytes"),
        ("/output/output_info/output_type", "sequence", "tabular"),
        ("/input/input_type_info/max_length", "average", "count"),
        ("/input/input_type_info/max_length", 0, "from 1"),
        ("/input/input_type_info/max_length", 1.5, "integer"),
        ("/globals/basic_experiment/n_epochs", "3", "Take away the quotes"),
        ("/globals/basic_experiment/n_epochs", True, "no numbers"),
        ("/globals/basic_experiment/batch_size", 2.0, "integer"),
        ("/globals/optimization/lr", "3e-4", "Take away the quotes"),
        ("/globals/optimization/lr", True, "no numbers"),
        ("/globals/optimization/lr", float("inf"), "number"),
        ("/globals/optimization/lr", -1, "above 0"),
        ("/globals/optimization/lr", None, "number"),
        ("/globals/basic_experiment/valid_size", 1.0, "no file to train on"),
        ("/globals/basic_experiment/valid_size", 0, "above 0"),
        ("/globals/basic_experiment/valid_size", -0.5, "above 0"),
        ("/globals/basic_experiment/valid_size", 2.5, "whole"),
        ("/globals/basic_experiment/valid_size", "0.1", "Take away the quotes"),
        ("/globals/basic_experiment/valid_size", False, "no numbers"),
        ("/globals/basic_experiment/valid_size", 320, "count from 1 to 319"),
        ("/globals/basic_experiment/valid_size", 0.999, "smaller share"),
        ("/globals/lr_schedule/warmup_steps", "automatic", '"auto"'),
        ("/input/model_config/pool", "none", "Write null, or leave the key out"),
        ("/input/model_config/embedding_dim", 60, "take 64"),
        ("/input/model_config/embedding_dim", 8, "odd"),
        ("/globals/basic_experiment/n_epochs", 3.0, "Write 3."),
        ("/globals/basic_experiment/valid_size", "10%", "Write 0.1."),
        ("/globals/optimization/lr", "0,01", "Write 0.01."),
        ("/output/output_info/output_source", "others", "another data set"),
        ("/globals/optimization/lr_lb", 0.1, "above lr"),
        ("/globals/metrics/cat_averaging_metrics", ["f1-macro"], "not measured"),
        ("/globals/metrics/con_metrics", ["r2", "r2"], "listed already"),
        ("/globals/metrics/cat_metrics", ["accc"], 'nearest is "acc"'),
        ("/globals/training_control/weighted_sampling_columns", ["Sentimen"], "nearest"),
        ("/globals/training_control/weighted_sampling_columns", ["all", "Sentiment"], "no categorical target"),
        ("/globals/training_control/weighted_sampling_columns", ["other__Sentiment"], 'called "answer": write "Sent'),
        ("/globals/training_control/weighted_sampling_columns", ["answer__Sentimen"], "nearest"),
        ("/globals/basic_experiment/output_folder", "runs/" + "x" * 201, "200"),
        ("/output/model_config/model_init_config/layers", [2, 2], "list of 1 item"),
        ("/name", "two\nlines", "control characters"),
        ("/globals", None, "an object"),
    ],
)
def test_a_wrong_value_is_one_fault_with_its_mend(at, value, words):
    ((place, detail),) = faults_of(with_value(tutorial(), at, value)).items()
    assert place.startswith(at)
    assert words in detail


@pytest.mark.parametrize(
    ("heads", "words"),
    [
        (128, "take 256, or another multiple of 256; or num_heads 32."),
        (64, "64 over 64 heads is 1, odd"),
        (5, "num_heads 4."),
    ],
)
def test_heads_that_do_not_divide_the_width_are_told_widths_and_heads_that_would(heads, words):
    found = faults_of(with_value(tutorial(), "/input/model_config/model_init_config/num_heads", heads))
    assert words in found.pop("/input/model_config/embedding_dim")
    assert found == {}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (["Sentiment"], ["Sentiment"]),
        (["answer__Sentiment"], ["Sentiment"]),
        (["answer__Kind", "Sentiment", "Kind", "answer__Kind"], ["Kind", "Sentiment"]),
        (["answer__odd"], ["answer__odd"]),
        (["answer__answer__odd"], ["answer__odd"]),
        (["all"], ["all"]),
        (None, None),
    ],
)
def test_columns_to_balance_may_be_named_as_in_eir_with_the_output_before_them(sent, kept):
    data = summary(320, **{name: classes(a=160, b=160) for name in ("Sentiment", "Kind", "answer__odd")})
    body = with_value(tutorial(), "/output/output_type_info/target_cat_columns", ["Sentiment", "Kind", "answer__odd"])
    config = chosen(with_value(body, "/globals/training_control/weighted_sampling_columns", sent), data).config
    assert config.globals.training_control.weighted_sampling_columns == kept


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("/globals/optimization/optimiser", "the nearest known one is 'optimizer'"),
        ("/globals/n_epochs", "'n_epochs' is known at /globals/basic_experiment/n_epochs"),
        ("/colour", "known here are"),
        ("/globals/a~1b", "unknown key"),
        ("/input/model_config/num_heads", "/input/model_config/model_init_config/num_heads"),
        ("/target", "target_cat_columns"),
        ("/preset", "short form"),
        ("/seed", "/globals/basic_experiment/seed"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_name(at, words):
    body = with_value(tutorial(), at.replace("~1", "|"), 1)
    if "~1" in at:
        body["globals"]["a/b"] = body["globals"].pop("a|b")
    faults = faults_of(body)
    assert list(faults) == [at]
    assert words in faults[at]


@pytest.mark.parametrize(
    "at",
    [
        "/globals/basic_experiment/manual_valid_ids",
        "/globals/basic_experiment/output_folder",
        "/globals/optimization/gradient_accumulation_steps",
        "/globals/training_control/early_stopping_buffer",
        "/globals/training_control/weighted_sampling_columns",
        "/globals/evaluation_checkpoint/checkpoint_interval",
        "/globals/metrics/cat_metrics",
        "/globals/metrics/con_metrics",
        "/globals/metrics/cat_averaging_metrics",
        "/globals/metrics/con_averaging_metrics",
        "/input/model_config/pool",
        "/output/output_info/output_source",
        "/name",
        "/max_runtime_s",
        "/plan",
    ],
)
def test_null_is_taken_where_eir_takes_it(at):
    assert faults_of(with_value(tutorial(), at, None)) == {}


@pytest.mark.parametrize(("heads", "width"), [(1, 4), (2, 4)])
def test_a_null_width_is_resolved_from_the_heads_before_it_is_judged(heads, width):
    """EIR: ceil(int(261 ** 0.25) / heads) * heads."""
    at = "/input/model_config/embedding_dim"
    body = with_value(tutorial(), at, None)
    body["input"]["model_config"]["model_init_config"]["num_heads"] = heads
    got = chosen(body)
    assert got.config.input.model_cfg.embedding_dim == width
    assert "null" in got.reasons[at]


@pytest.mark.parametrize("heads", [4, 8])
def test_a_null_width_whose_heads_come_out_odd_is_refused(heads):
    body = with_value(tutorial(), "/input/model_config/embedding_dim", None)
    body["input"]["model_config"]["model_init_config"]["num_heads"] = heads
    assert "odd" in faults_of(body)["/input/model_config/embedding_dim"]


def test_integers_are_taken_for_numbers_and_stay_what_they_mean():
    body = with_value(tutorial(), "/globals/optimization/wd", 0)
    body["globals"]["basic_experiment"]["valid_size"] = 1
    config = chosen(body).config
    assert config.globals.optimization.wd == 0.0
    assert isinstance(config.globals.basic_experiment.valid_size, int)
    body["globals"]["basic_experiment"]["valid_size"] = 100.0
    assert isinstance(chosen(body).config.globals.basic_experiment.valid_size, int)


def test_all_faults_of_a_body_come_at_once():
    body = with_value(tutorial(), "/globals/optimization/optimizer", "adahessian")
    body["globals"]["optimization"]["gradient_noise"] = 0.1
    body["globals"]["basic_experiment"]["n_epochs"] = "3"
    body["input"]["model_config"]["embedding_dim"] = 60
    body["input"]["colour"] = 1
    body["output"]["output_type_info"]["target_con_columns"] = ["Sentiment"]
    body["output"]["output_info"]["output_source"] = "others"
    body["plan"] = {"step": 3}
    assert set(faults_of(body)) == {
        "/globals/optimization/optimizer",
        "/globals/optimization/gradient_noise",
        "/globals/basic_experiment/n_epochs",
        "/input/model_config/embedding_dim",
        "/input/colour",
        "/output/output_type_info/target_con_columns/0",
        "/output/output_info/output_source",
        "/plan/step",
    }


def test_a_rule_is_silent_where_one_of_its_keys_is_faulty_by_itself():
    body = with_value(tutorial(), "/input/model_config/embedding_dim", 60)
    body["input"]["model_config"]["model_init_config"]["num_heads"] = "6"
    assert list(faults_of(body)) == ["/input/model_config/model_init_config/num_heads"]
    body = with_value(tutorial(), "/output/output_type_info/target_cat_columns", [1])
    assert list(faults_of(body)) == ["/output/output_type_info/target_cat_columns/0"]


def test_input_and_output_may_be_lists_of_one_and_pointers_follow():
    body = tutorial()
    body["input"], body["output"] = [body["input"]], [body["output"]]
    assert chosen(body).config == chosen(tutorial()).config
    body["input"][0]["input_type_info"]["modality_dropout_rate"] = 0.5
    body["input"][0]["interpretation_config"] = None
    body["output"][0]["output_type_info"]["target_cat_columns"] = ["Sentimental"]
    assert list(faults_of(body)) == ["/input/0/input_type_info/modality_dropout_rate"]
    del body["input"][0]["input_type_info"]["modality_dropout_rate"]
    assert list(faults_of(body)) == ["/output/0/output_type_info/target_cat_columns/0"]
    body["output"][0]["output_type_info"]["target_cat_columns"] = ["Sentiment"]
    assert "/input/0/interpretation_config" in [note["pointer"] for note in chosen(body).notes]


@pytest.mark.parametrize("count", [0, 2])
def test_a_run_has_one_input(count):
    body = tutorial()
    body["input"] = [body["input"]] * count
    assert "one input" in faults_of(body)["/input"]


def test_the_run_is_named_by_name_or_folder():
    body = tutorial()
    for folder, name in (("a/b/", "b"), ("C:\\runs\\x", "x"), ("x", "x"), ("../..", None), (None, None)):
        body["globals"]["basic_experiment"]["output_folder"] = folder
        assert parse_request(body).name == name
    assert parse_request(body | {"name": "mine"}).name == "mine"


def test_one_run_has_one_data_set():
    faults = faults_of(tutorial() | {"dataset": "others"})
    assert set(faults) == {"/input/input_info/input_source", "/output/output_info/output_source"}


def test_dataset_may_stand_in_for_the_source():
    body = tutorial()
    del body["input"]["input_info"]["input_source"]
    assert "names no data set" in faults_of(body)["/input/input_info/input_source"]
    config = chosen(body | {"dataset": "reviews"}).config
    assert config.dataset == config.input.input_info.input_source == "reviews"


def test_the_options_of_a_run_go_through():
    request = parse_request(
        tutorial() | {"tags": ["a"], "max_runtime_s": 90, "plan": {"steps": 8, "batch": 4, "threads": 1}, "name": "n"}
    )
    assert (request.form, request.tags, request.max_runtime_s, request.name) == ("full", ["a"], 90.0, "n")
    assert request.plan is not None
    assert (request.plan.steps, request.plan.batch, request.plan.threads) == (8, 4, 1)


@pytest.mark.parametrize("body", [None, [], "x", 3, [tutorial()]])
def test_a_body_is_an_object(body):
    assert list(faults_of(body)) == [""]


def test_keys_and_texts_that_are_no_unicode_are_refused_in_printable_words():
    body = with_value(tutorial(), "/globals/\ud800", 1)
    body["name"] = "\ud800"
    faults = faults_of(body)
    assert set(faults) == {"/globals/\\ud800", "/name"}
    for at, detail in faults.items():
        (at + detail).encode()


def test_a_body_of_ten_thousand_faults_is_told_a_hundred():
    assert len(faults_of(tutorial() | {f"key{at}": at for at in range(10_000)})) == 100
