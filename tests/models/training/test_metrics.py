"""The metrics are scikit-learn's, wherever the labels define them, and never NaN."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from models.training.metrics import (
    NonFinitePredictions,
    average,
    categorical_metrics,
    continuous_metrics,
    names_for,
)
from tests.models.training.configs import config_with

CATEGORICAL = [
    "mcc",
    "acc",
    "roc-auc-macro",
    "ap-macro",
    "f1-macro",
    "precision-macro",
    "recall-macro",
    "cohen-kappa",
    "ece",
]
CONTINUOUS = ["r2", "pcc", "rmse", "mae", "mape", "explained-variance"]


@st.composite
def classified(draw):
    """Probabilities with many ties, and labels that may miss classes or be all of one."""
    classes = draw(st.integers(2, 5))
    n = draw(st.integers(1, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    scores = random.integers(1, draw(st.sampled_from([3, 50])), size=(n, classes)).astype(float)
    labels = random.integers(0, draw(st.integers(1, classes)), size=n)
    return scores / scores.sum(axis=1, keepdims=True), labels


@settings(deadline=None, max_examples=150)
@given(classified())
def test_metrics_of_the_predicted_class_are_those_of_scikit_learn(case):
    probabilities, labels = case
    predicted = probabilities.argmax(axis=1)
    found = categorical_metrics(probabilities, labels, CATEGORICAL)
    macro = {"average": "macro", "zero_division": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a confusion matrix with one class
        expected = {
            "mcc": oracle.matthews_corrcoef(labels, predicted),
            "acc": oracle.accuracy_score(labels, predicted),
            "f1-macro": oracle.f1_score(labels, predicted, **macro),
            "precision-macro": oracle.precision_score(labels, predicted, **macro),
            "recall-macro": oracle.recall_score(labels, predicted, **macro),
        }
    if len(np.unique(labels)) > 1:
        expected["cohen-kappa"] = oracle.cohen_kappa_score(labels, predicted)
    assert {name: found.get(name) for name in expected} == pytest.approx(expected, abs=1e-12)
    assert ("cohen-kappa" in found) == (len(np.unique(labels)) > 1)


@settings(deadline=None, max_examples=150)
@given(classified())
def test_the_calibration_error_is_that_of_its_definition(case):
    """Guo et al. 2017, section 2, bin by bin."""
    probabilities, labels = case
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    expected = 0.0
    for at in range(15):
        here = (confidence >= at / 15) & ((confidence < (at + 1) / 15) | (at == 14))
        if here.any():
            expected += here.mean() * abs(right[here].mean() - confidence[here].mean())
    assert categorical_metrics(probabilities, labels, ["ece"])["ece"] == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=150)
@given(classified())
def test_rankings_are_those_of_scikit_learn_over_the_classes_the_labels_hold(case):
    probabilities, labels = case
    found = categorical_metrics(probabilities, labels, CATEGORICAL)
    present = np.unique(labels)
    if len(present) < 2:
        assert not {"roc-auc-macro", "ap-macro"} & set(found)
        return
    if probabilities.shape[1] == 2:
        area = oracle.roc_auc_score(labels, probabilities[:, 1])
        precision = oracle.average_precision_score(labels, probabilities[:, 1])
    else:
        pairs = [(a, b) for a in present for b in present if a != b]
        sides = [(np.isin(labels, (a, b)), a) for a, b in pairs]
        area = np.mean([oracle.roc_auc_score(labels[m] == a, probabilities[m, a]) for m, a in sides])
        precision = np.mean([oracle.average_precision_score(labels == c, probabilities[:, c]) for c in present])
    assert found["roc-auc-macro"] == pytest.approx(area, abs=1e-12)
    assert found["ap-macro"] == pytest.approx(precision, abs=1e-12)


def test_one_versus_one_macro_is_scikit_learns_own_when_all_classes_are_there():
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(4), size=80)
    labels = np.arange(80) % 4
    expected = oracle.roc_auc_score(labels, probabilities, multi_class="ovo", average="macro")
    found = categorical_metrics(probabilities, labels, ["roc-auc-macro", "ap-macro"])
    assert found["roc-auc-macro"] == pytest.approx(expected, abs=1e-12)
    assert found["ap-macro"] == pytest.approx(
        oracle.average_precision_score(labels, probabilities, average="macro"), abs=1e-12
    )


def test_many_thousands_of_classes_need_no_table_of_all_their_pairs():
    """20,000 classes: a confusion matrix would take 3 GB."""
    labels = np.arange(50) * 400
    probabilities = np.full((50, 20_000), 1e-5)
    predicted = np.where(np.arange(50) % 2, labels, labels[::-1])
    probabilities[np.arange(50), predicted] = 0.8
    found = categorical_metrics(probabilities, labels, CATEGORICAL)
    assert found["mcc"] == pytest.approx(oracle.matthews_corrcoef(labels, predicted))
    assert found["f1-macro"] == pytest.approx(oracle.f1_score(labels, predicted, average="macro", zero_division=0))
    assert found["acc"] == 0.5


def test_predictions_of_one_class_have_an_mcc_of_zero():
    probabilities = np.tile([0.9, 0.1], (4, 1))
    found = categorical_metrics(probabilities, np.array([0, 1, 0, 1]), CATEGORICAL)
    assert found["mcc"] == 0.0
    assert found["roc-auc-macro"] == 0.5
    assert found["cohen-kappa"] == 0.0


def test_labels_of_one_class_leave_the_rankings_out_and_nothing_else():
    found = categorical_metrics(np.array([[0.4, 0.6], [0.7, 0.3]]), np.array([0, 0]), CATEGORICAL)
    assert set(CATEGORICAL) - set(found) == {"roc-auc-macro", "ap-macro", "cohen-kappa"}
    assert (found["mcc"], found["acc"]) == (0.0, 0.5)


def test_no_labels_no_metrics():
    assert categorical_metrics(np.zeros((0, 3)), np.zeros(0, np.int64), CATEGORICAL) == {}
    assert continuous_metrics(np.zeros(0), np.zeros(0), CONTINUOUS, mean=0, std=1) == {}


numbers = st.floats(-100, 100).map(lambda x: round(x, 3))


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30), st.floats(0.01, 100))
def test_continuous_metrics_are_those_of_scikit_learn(pairs, std):
    values, labels = np.array(pairs).T
    found = continuous_metrics(values, labels, CONTINUOUS, mean=3.0, std=std)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {
            "rmse": oracle.root_mean_squared_error(labels * std + 3.0, values * std + 3.0),
            "mae": oracle.mean_absolute_error(labels, values),
        }
        if np.ptp(labels) > 0:
            expected["r2"] = oracle.r2_score(labels, values)
            expected["explained-variance"] = oracle.explained_variance_score(labels, values)
            expected["pcc"] = np.corrcoef(values, labels)[0, 1] if np.ptp(values) > 0 else 0.0
    found.pop("mape", None)  # has a test of its own
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-7)


counts = st.integers(-5, 5).map(float)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(numbers, counts), min_size=1, max_size=30), numbers, st.floats(0.01, 100))
def test_mape_is_scikit_learns_on_the_original_scale_over_labels_other_than_zero(pairs, mean, std):
    """Labels come standardised and as float32, so that a zero is no exact zero any more when it is scaled back."""
    values, labels = np.array(pairs).T
    standardised = ((labels - mean) / std).astype(np.float32)
    found = continuous_metrics((values - mean) / std, standardised, ["mape"], mean=mean, std=std)
    kept = labels != 0
    if kept.any():
        expected = oracle.mean_absolute_percentage_error(labels[kept], values[kept])
        assert found["mape"] == pytest.approx(expected, rel=1e-3, abs=1e-3)
    else:
        assert found == {}


def test_constant_labels_leave_out_what_they_make_undefined():
    found = continuous_metrics(np.array([0.1, 0.2, 0.3]), np.full(3, 0.1), CONTINUOUS, mean=0, std=2)
    assert set(found) == {"rmse", "mae", "mape"}
    assert all(math.isfinite(value) for value in found.values())


def test_diverged_predictions_are_named_instead_of_measured():
    with pytest.raises(NonFinitePredictions, match="probabilities hold NaN or infinity"):
        categorical_metrics(np.array([[np.nan, np.nan]]), np.array([0]), ["acc"])
    with pytest.raises(NonFinitePredictions):
        continuous_metrics(np.array([np.inf]), np.array([0.0]), ["mae"], mean=0, std=1)


def test_an_unknown_metric_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="mcc, acc"):
        categorical_metrics(np.ones((1, 1)), np.array([0]), ["sharpness"])


def test_the_average_is_eirs():
    """Categorical: mean of MCC, AUC, AP; continuous: mean of 1 - loss, PCC, R2; then over the targets."""
    found = {
        "kind": {"mcc": 0.4, "roc-auc-macro": 0.8, "ap-macro": 0.6, "acc": 0.1, "loss": 9.0},
        "size": {"loss": 0.5, "pcc": 0.7, "r2": 0.3},
    }
    types = {"kind": "categorical", "size": "continuous"}
    assert average(found, types, config_with()) == pytest.approx((0.6 + 0.5) / 2)


def test_what_is_undefined_takes_no_part_in_the_average():
    types = {"kind": "categorical", "size": "continuous"}
    assert average({"kind": {"mcc": 0.4}, "size": {}}, types, config_with()) == 0.4
    assert average({"kind": {"loss": 1.0}}, types, config_with()) is None


def test_the_config_chooses_what_is_computed_and_averaged():
    config = config_with(metrics={"cat_metrics": ["acc"], "cat_averaging_metrics": ["f1-macro"]})
    assert names_for(config, "categorical") == ["acc", "f1-macro"]
    assert average({"kind": {"acc": 0.9, "f1-macro": 0.2}}, {"kind": "categorical"}, config) == 0.2
    assert names_for(config_with(), "continuous") == ["r2", "pcc", "loss"]
