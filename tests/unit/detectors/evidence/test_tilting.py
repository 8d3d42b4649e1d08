"""Large deviations of a mean."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detectors.evidence.tilting import mean_deviance, tilted_divergence

COIN = np.array([0.0, 1.0])


@pytest.mark.parametrize(("p", "q"), [(0.2, 0.3), (0.5, 0.01), (0.9, 0.999), (1e-6, 0.02)])
def test_for_a_share_it_is_the_binomial_divergence(p: float, q: float) -> None:
    expected = q * math.log(q / p) + (1 - q) * math.log((1 - q) / (1 - p))
    assert tilted_divergence(COIN, np.array([1 - p, p]), np.array(q)) == pytest.approx(expected, rel=1e-7)


def test_for_a_smooth_law_it_is_the_normal_one() -> None:
    weights = np.linspace(-3, 3, 61)
    shares = np.exp(-(weights**2) / 2)
    shares /= shares.sum()
    variance = float(shares @ weights**2)
    found = tilted_divergence(weights, shares, np.array([0.1, -0.1, 0.0]))
    assert found == pytest.approx(np.array([0.005, 0.005, 0]) / variance, rel=0.01, abs=1e-12)


def test_a_mean_out_of_reach_is_infinitely_far() -> None:
    half = np.array([0.5, 0.5])
    assert tilted_divergence(COIN, half, np.array(1.5)) == math.inf
    assert tilted_divergence(np.zeros(2), half, np.array(0.0)) == 0.0
    assert tilted_divergence(np.zeros(2), half, np.array(1.0)) == math.inf


def test_many_at_once_are_each_by_itself() -> None:
    rng = np.random.default_rng(1)
    weights, shares = rng.normal(size=(50, 7)), rng.dirichlet(np.full(7, 0.3), size=50)
    mean = (weights * rng.dirichlet(np.ones(7), size=50)).sum(-1)
    stacked = tilted_divergence(weights, shares, mean)
    alone = [tilted_divergence(w, p, np.array(m)) for w, p, m in zip(weights, shares, mean, strict=True)]
    assert stacked == pytest.approx(np.array(alone))


def test_identical_samples_do_not_deviate() -> None:
    weights = np.array([-200.0, 0.0, 3.0])
    shares = np.array([0.1, 0.2, 0.7])
    assert mean_deviance(weights, shares, weights @ shares, np.array(100.0), np.array(50.0)) < 1e-6


def test_one_odd_row_beside_a_constant_is_a_count_of_one() -> None:
    # Normal theory calls one row in a thousand, of a kind expected once in a million, 30 deviations.
    shares = np.array([1 - 1e-6, 1e-6])
    weights = (COIN - 1e-6) / math.sqrt(1e-6)
    mean = weights @ np.array([0.999, 0.001])
    assert math.sqrt(mean_deviance(weights, shares, mean, np.array(1e4), np.array(1e3))) < 3


def test_a_smooth_shift_is_its_difference_over_its_standard_error() -> None:
    weights = np.linspace(-4, 4, 81)
    shares = np.exp(-(weights**2) / 2)
    shares /= shares.sum()
    found = mean_deviance(weights, shares, np.array(0.2), np.array(1e4), np.array(1e3))
    assert found == pytest.approx(0.2**2 / (1 / 1e3 + 1 / 1e4), rel=0.02)
