"""Losses are torch's, over labelled rows only; targets are averaged; mixing and learnt weights combine them as said."""

import math

import pytest
import torch
from torch.nn import functional as F

from models.config import TargetSpec
from models.training.objectives import Objective, build_objective
from tests.models.nn.eir.configs import CLASSES, NUMBER, run_config

TARGETS = [CLASSES, NUMBER]


def objective_of(targets: list[TargetSpec] | None = None, **losses: object) -> Objective:
    return build_objective(run_config(losses=losses), targets or TARGETS)


@pytest.fixture
def outputs() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {"Sentiment": torch.randn(6, 2, requires_grad=True), "Score": torch.randn(6, 1, requires_grad=True)}


LABELS = {
    "Sentiment": torch.tensor([0, 1, -1, 1, 0, -1]),
    "Score": torch.tensor([0.5, math.nan, -1.0, 2.0, math.nan, 0.1]),
}
ROWS = {"Sentiment": [0, 1, 3, 4], "Score": [0, 2, 3, 5]}


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_is_torchs_over_labelled_rows(outputs: dict, smoothing: float):
    _, losses = objective_of(cat_label_smoothing=smoothing)(outputs, LABELS)
    rows = ROWS["Sentiment"]
    expected = F.cross_entropy(outputs["Sentiment"][rows], LABELS["Sentiment"][rows], label_smoothing=smoothing)
    torch.testing.assert_close(losses["Sentiment"], expected)


@pytest.mark.parametrize(("model", "counted"), [("sequence-default", 0.2), ("octet", 0.0)])
def test_validation_counts_smoothed_labels_as_eir_does_but_plain_ones_for_our_own_model(
    outputs: dict, model: str, counted: float
):
    config = run_config(losses={"cat_label_smoothing": 0.2}, extractor={"model_type": model})
    objective, rows = build_objective(config, TARGETS), ROWS["Sentiment"]
    _, trained = objective(outputs, LABELS)
    total, measured = objective.eval()(outputs, LABELS)

    def smoothed(smoothing: float) -> torch.Tensor:
        logits, labels = outputs["Sentiment"][rows], LABELS["Sentiment"][rows]
        return F.cross_entropy(logits, labels, label_smoothing=smoothing)

    torch.testing.assert_close(trained["Sentiment"], smoothed(0.2))
    torch.testing.assert_close(measured["Sentiment"], smoothed(counted))
    torch.testing.assert_close(total, (measured["Sentiment"] + measured["Score"]) / 2)


@pytest.mark.parametrize("name", ["MSELoss", "L1Loss", "SmoothL1Loss", "PoissonNLLLoss", "HuberLoss"])
def test_losses_of_numbers_are_torchs_over_labelled_rows(outputs: dict, name: str):
    _, losses = objective_of(con_loss_name=name)(outputs, LABELS)
    rows = ROWS["Score"]
    expected = getattr(torch.nn, name)()(outputs["Score"][rows, 0], LABELS["Score"][rows])
    torch.testing.assert_close(losses["Score"], expected)


def test_binary_cross_entropy_takes_one_logit_for_the_second_class():
    target = TargetSpec("Sentiment", "categorical", ["a", "b"], one_logit=True)
    logits = torch.randn(6, 1)
    _, losses = objective_of([target], cat_loss_name="BCEWithLogitsLoss", target_con_columns=[])(
        {"Sentiment": logits}, LABELS
    )
    rows = ROWS["Sentiment"]
    expected = F.binary_cross_entropy_with_logits(logits[rows, 0], LABELS["Sentiment"][rows].float())
    torch.testing.assert_close(losses["Sentiment"], expected)


def test_the_total_is_the_mean_over_targets(outputs: dict):
    total, losses = objective_of()(outputs, LABELS)
    torch.testing.assert_close(total, (losses["Sentiment"] + losses["Score"]) / 2)


def test_a_target_without_labels_leaves_the_total_and_gets_no_gradient(outputs: dict):
    labels = LABELS | {"Score": torch.full((6,), math.nan)}
    total, losses = objective_of()(outputs, labels)
    assert losses["Score"].isnan()
    torch.testing.assert_close(total, losses["Sentiment"])
    total.backward()
    assert outputs["Score"].grad is not None
    assert not outputs["Score"].grad.any()
    assert outputs["Sentiment"].grad.isfinite().all()


def test_a_batch_without_any_label_costs_nothing(outputs: dict):
    labels = {"Sentiment": torch.full((6,), -1), "Score": torch.full((6,), math.nan)}
    for uncertain in (False, True):
        total, _ = objective_of(uncertainty_weighted_mt_loss=uncertain)(outputs, labels)
        assert total.item() == 0.0
        total.backward()
        assert all(not o.grad.any() for o in outputs.values())


def test_mixed_losses_are_share_of_one_label_set_and_the_rest_of_the_other(outputs: dict):
    objective = objective_of()
    order = torch.tensor([3, 0, 5, 1, 2, 4])
    partners = {name: values[order] for name, values in LABELS.items()}
    total, losses = objective.mixed(outputs, LABELS, partners, 0.3)
    _, own = objective(outputs, LABELS)
    _, other = objective(outputs, partners)
    for name in LABELS:
        torch.testing.assert_close(losses[name], 0.3 * own[name] + 0.7 * other[name])
    torch.testing.assert_close(total, sum(losses.values()) / 2)


def test_learnt_weights_follow_the_formula_and_are_learnt(outputs: dict):
    objective = objective_of(uncertainty_weighted_mt_loss=True)
    with torch.no_grad():
        objective.log_variances.copy_(torch.tensor([0.5, -0.2]))
    total, losses = objective(outputs, LABELS)
    expected = 2 * (math.exp(-0.5) * losses["Sentiment"] + 0.5) + 1 * (math.exp(0.2) * losses["Score"] - 0.2)
    torch.testing.assert_close(total, expected / 2)
    total.backward()
    assert objective.log_variances.grad.isfinite().all()
    assert objective.log_variances.grad.all()


def test_learnt_weights_do_not_enter_validation(outputs: dict):
    plain, _ = objective_of()(outputs, LABELS)
    weighted, _ = objective_of(uncertainty_weighted_mt_loss=True).eval()(outputs, LABELS)
    torch.testing.assert_close(weighted, plain)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.type)
def test_a_single_target_is_never_weighted(outputs: dict, target: TargetSpec):
    objective = objective_of([target], uncertainty_weighted_mt_loss=True)
    total, losses = objective(outputs, LABELS)
    assert torch.equal(total, losses[target.name])
    assert not list(objective.parameters())


def test_only_learnt_weights_are_parameters():
    assert not list(objective_of().parameters())
    assert [n for n, _ in objective_of(uncertainty_weighted_mt_loss=True).named_parameters()] == ["log_variances"]
