"""The solver against closed forms and against gradients."""

import numpy as np
import pytest

from models.training.wide.losses import Logistic, Softmax, Squared, at_best_scale
from models.training.wide.solver import path

DRAW = np.random.default_rng(0)
X = DRAW.standard_normal((40, 60)).astype(np.float32) / 6
K = X @ X.T + 1
LABELLED = np.arange(30)


def times(a):
    return (K @ a).astype(np.float32)


def test_squared_loss_ends_at_ridge_regression():
    y = DRAW.standard_normal(30).astype(np.float32)
    *_, found = path(times, Squared(y), LABELLED, 40, (1.0, 0.1), 60)
    alpha = np.linalg.solve(K[:30, :30].astype(float) + 0.1 * np.eye(30), y)
    assert found.scores[:, 0] == pytest.approx(K[:, :30] @ alpha, abs=5e-3)
    assert not found.alpha[30:].any()


@pytest.mark.parametrize("columns", [1, 3])
def test_classes_end_where_the_gradient_is_nothing(columns):
    labels = DRAW.integers(0, max(columns, 2), 30)
    loss = Logistic(labels) if columns == 1 else Softmax(labels, columns)
    found = next(path(times, loss, LABELLED, 40, (0.1,), 100))
    gradient = loss.gradient(found.scores[:30]) + 0.1 * found.alpha[:30]
    assert np.sqrt(np.sum(gradient * (K[:30, :30] @ gradient))) < 2e-2
    assert loss.mean(found.scores[:30]) < loss.mean(0 * found.scores[:30])


@pytest.mark.parametrize("loss", [Logistic(DRAW.integers(0, 2, 9)), Softmax(DRAW.integers(0, 4, 9), 4)])
def test_derivatives_along_a_line_are_those_of_the_mean(loss):
    v, d = (DRAW.standard_normal((9, loss.columns)).astype(np.float32) for _ in range(2))
    first, second = loss.along(v, d)
    assert first == pytest.approx(float(np.sum(loss.gradient(v) * d)), abs=1e-4)
    step = np.float32(1e-2)
    ahead, behind = loss.along(v + step * d, d)[0], loss.along(v - step * d, d)[0]
    assert second == pytest.approx((ahead - behind) / 2e-2, rel=1e-2, abs=1e-3)


def test_shrunk_scores_of_classes_are_judged_as_if_they_were_not():
    labels = np.array([0, 1, 1, 0])
    v = np.array([[-2.0], [1.0], [2.0], [0.5]], np.float32)
    assert at_best_scale(Logistic(labels), v / 4) == pytest.approx(at_best_scale(Logistic(labels), v), rel=1e-3)
