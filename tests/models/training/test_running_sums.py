"""Running sums say the same as the metrics of all rows at once."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, matthews_corrcoef, mean_absolute_error, r2_score

from models.config import TargetSpec
from models.training.running_sums import add, empty_sums, training_metrics

CLASSES = TargetSpec("kind", "categorical", ["a", "b", "c"])
NUMBER = TargetSpec("value", "continuous", mean=5.0, std=2.0)
ONE = TargetSpec("yes", "categorical", ["n", "y"], one_logit=True)
TARGETS = [CLASSES, NUMBER, ONE]


def batches(count=6, size=20):
    draw = torch.Generator().manual_seed(1)
    for _ in range(count):
        logits = {t.name: torch.randn(size, t.outputs, generator=draw) for t in TARGETS}
        labels = {
            "kind": torch.randint(-1, 3, (size,), generator=draw),
            "value": torch.randn(size, generator=draw).where(torch.rand(size, generator=draw) < 0.7, torch.nan),
            "yes": torch.randint(0, 2, (size,), generator=draw),
        }
        yield logits, labels, {t.name: torch.rand((), generator=draw) for t in TARGETS}


def summed(given):
    sums = empty_sums(TARGETS, torch.device("cpu"))
    for logits, labels, losses in given:
        add(sums, TARGETS, logits, labels, losses)
    return training_metrics(sums, TARGETS)


def test_they_are_scikit_learns_metrics_over_all_labelled_rows():
    given = list(batches())
    found = summed(given)

    def column(name):
        return torch.cat([g[0][name] for g in given]), torch.cat([g[1][name] for g in given])

    logits, labels = column("kind")
    known = labels >= 0
    assert found["kind"]["acc"] == pytest.approx(accuracy_score(labels[known], logits.argmax(1)[known]))
    assert found["kind"]["mcc"] == pytest.approx(matthews_corrcoef(labels[known], logits.argmax(1)[known]))
    logits, labels = column("yes")
    assert found["yes"]["mcc"] == pytest.approx(matthews_corrcoef(labels, logits[:, 0] > 0))
    values, labels = (x.double().numpy() for x in column("value"))
    known = ~np.isnan(labels)
    y, p = labels[known], values[known, 0]
    assert found["value"]["r2"] == pytest.approx(r2_score(y, p))
    assert found["value"]["pcc"] == pytest.approx(np.corrcoef(y, p)[0, 1])
    assert found["value"]["mae"] == pytest.approx(mean_absolute_error(y, p))
    assert found["value"]["rmse"] == pytest.approx(2.0 * np.sqrt(np.mean((y - p) ** 2)))  # original scale


def test_a_loss_is_the_mean_over_labelled_rows_and_the_total_the_mean_over_batches():
    given = list(batches())
    found = summed(given)
    rows = [int((g[1]["kind"] >= 0).sum()) for g in given]
    losses = [float(g[2]["kind"]) for g in given]
    assert found["kind"]["loss"] == pytest.approx(np.average(losses, weights=rows))
    totals = [np.mean([float(v) for v in g[2].values()]) for g in given]
    assert found[None] == {"loss": pytest.approx(np.mean(totals))}


def test_a_batch_without_a_label_of_a_target_does_not_count_for_it():
    given = list(batches(2))
    logits, labels, losses = given[1]
    given[1] = (logits, {**labels, "kind": torch.full((20,), -1)}, {**losses, "kind": torch.tensor(torch.nan)})
    assert summed(given)["kind"] == summed(given[:1])["kind"]
    assert np.isfinite(summed(given)[None]["loss"])


def test_nothing_undefined_is_said():
    logits, labels, losses = next(batches(1))
    constant = {**labels, "value": torch.full((20,), 3.0), "kind": torch.full((20,), -1)}
    found = summed([(logits, constant, losses)])
    assert "kind" not in found
    assert set(found["value"]) == {"loss", "mae", "rmse"}
    assert summed([]) == {}
