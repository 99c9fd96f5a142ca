"""A tiny task a child could learn is learnt, for every model type and kind of target, on files that were held out."""

import numpy as np
import pytest

from tests.models.training.tasks import Recorder, config_of, pack_of, sides, trained

RECIPE = {"optimization": {"lr": 1e-2}, "basic_experiment": {"n_epochs": 15, "batch_size": 32}}
BLOCKS = {"layers": [1], "fc_task_dim": 16}
MODELS = {
    "windows, average": {},
    "windows, maximum, learnt positions": {"pool": "max", "position": "embed"},
    "one window, every byte kept": {"window_size": 0, "pool": None, "position_dropout": 0.0},
    "causal": {"masked": True},
}


def learn(tmp_path, files, labels, **config) -> Recorder:
    whole = config_of(globals={**RECIPE, "evaluation_checkpoint": {"sample_interval": 10_000}}, **config)
    return trained(whole, pack_of(tmp_path / "pack", files, labels), tmp_path / "out")


@pytest.mark.parametrize("classes", [2, 4])
def test_classes(tmp_path, classes):
    files, labels = sides(240, classes=classes)
    run = learn(tmp_path, files, {"side": labels["side"]}, cat=["side"])
    assert run.last("acc", "side") >= 0.95


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_every_form_of_the_extractor(tmp_path, model):
    files, labels = sides(240)
    run = learn(tmp_path, files, {"side": labels["side"]}, cat=["side"], model=model)
    assert run.last("acc", "side") >= 0.95


@pytest.mark.parametrize("head", ["mlp_residual", "shared_mlp_residual", "linear"])
def test_every_head_two_targets_at_once(tmp_path, head):
    files, labels = sides(480, classes=3)
    heads = {"model_type": head, "model_init_config": BLOCKS}
    run = learn(tmp_path, files, labels, cat=["side"], con=["level"], head=heads)
    assert run.last("acc", "side") >= 0.95
    assert run.last("r2", "level") >= 0.95


@pytest.mark.parametrize("loss", ["MSELoss", "HuberLoss"])
def test_values(tmp_path, loss):
    files, labels = sides(480)
    run = learn(tmp_path, files, {"level": labels["level"]}, con=["level"], output={"con_loss_name": loss})
    assert run.last("r2", "level") >= 0.95


def test_two_classes_as_one_logit(tmp_path):
    files, labels = sides(240)
    run = learn(tmp_path, files, labels, cat=["side"], output={"cat_loss_name": "BCEWithLogitsLoss"})
    assert run.last("acc", "side") >= 0.95


def test_targets_with_missing_labels(tmp_path):
    files, labels = sides(480, classes=2)
    draw = np.random.default_rng(4)
    labels["side"] = [None if draw.random() < 0.5 else value for value in labels["side"]]
    labels["level"] = [None if draw.random() < 0.5 else value for value in labels["level"]]
    run = learn(tmp_path, files, labels, cat=["side"], con=["level"])
    assert run.last("acc", "side") >= 0.95
    assert run.last("r2", "level") >= 0.95


def test_uncertain_weights_mixing_and_smoothing_do_not_stand_in_the_way(tmp_path):
    files, labels = sides(480)
    recipe = {**RECIPE, "training_control": {"mixing_alpha": 0.2, "early_stopping_patience": 0}}
    config = config_of(
        cat=["side"],
        con=["level"],
        globals={**recipe, "evaluation_checkpoint": {"sample_interval": 10_000}},
        output={"uncertainty_weighted_mt_loss": True, "cat_label_smoothing": 0.1},
    )
    run = trained(config, pack_of(tmp_path / "pack", files, labels), tmp_path / "out")
    assert run.last("acc", "side") >= 0.95
    assert run.last("pcc", "level") >= 0.95
