"""A value beyond all that was seen has a small probability, not none; one within has the sample's own."""

import numpy as np
import pytest

from models.nn.novelty.tail import LEAST, fit_tail, log_tail


@pytest.mark.parametrize(
    ("draw", "least"), [("normal", 0.004), ("exponential", 0.006), ("standard_cauchy", 0.006), ("uniform", 0.0)]
)
def test_of_new_values_of_the_same_law_about_one_in_a_hundred_is_beyond_one_percent(draw, least):
    """Of a law with a sharp end fewer: the smoothed tail never has one as sharp."""
    found = np.random.default_rng(0)
    beyond = []
    for _ in range(30):
        fitted = fit_tail(getattr(found, draw)(size=500))
        beyond.append(np.mean(np.exp(log_tail(fitted, getattr(found, draw)(size=2000))) < 0.01))
    assert least < np.mean(beyond) < 0.02


def test_it_falls_from_all_to_as_good_as_nothing():
    fitted = fit_tail(np.random.default_rng(1).normal(size=300))
    values = np.linspace(-9, 50, 400)
    fallen = log_tail(fitted, values)
    assert fallen[0] == 0
    assert (np.diff(fallen) <= 1e-9).all()
    assert np.isfinite(fallen).all()
    assert LEAST - 3 <= fallen[-1] < -6


def test_a_sample_that_never_varied_makes_anything_larger_improbable_and_nothing_else():
    fitted = fit_tail(np.full(50, 7.0))
    equal, smaller, larger = log_tail(fitted, np.array([7.0, 6.0, 8.0]))
    assert equal == smaller == 0
    assert larger < -20


def test_a_single_value_is_a_sample():
    assert np.isfinite(log_tail(fit_tail(np.array([3.0])), np.array([-1.0, 3.0, 99.0]))).all()
