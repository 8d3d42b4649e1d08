"""Intervals and detectable effects of statistics on rows, against known truths in simulation."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from detectors.statistics.estimate import Estimate
from detectors.statistics.samples import SAMPLE_STATISTICS, Sample
from detectors.statistics.samples.maximum_mean_discrepancy import (
    maximum_mean_discrepancy_estimate,
)

REPEATS = 500
GRID = np.linspace(-12, 14, 200_001)
BANDWIDTH = 1.0


def functions(shift: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    first, second = stats.norm.cdf(GRID), stats.norm.cdf(GRID - shift)
    return first, second, (stats.norm.pdf(GRID) + stats.norm.pdf(GRID - shift)) / 2


def integral(values: np.ndarray) -> float:
    return float(np.trapezoid(values, GRID))


def truth_of(name: str, shift: float) -> float:
    """The statistic of N(0, 1) against N(shift, 1), equal sizes."""
    first, second, density = functions(shift)
    pooled = (first + second) / 2
    squared = (first - second) ** 2
    same = BANDWIDTH / math.sqrt(BANDWIDTH**2 + 2)
    across = same * math.exp(-(shift**2) / (2 * (BANDWIDTH**2 + 2)))
    return {
        "kolmogorov_smirnov": 2 * float(stats.norm.cdf(shift / 2)) - 1,
        "mann_whitney": float(stats.norm.cdf(shift / math.sqrt(2))),
        "energy_distance": math.sqrt(2 * integral(squared)),
        "cramer_von_mises": integral(squared * density),
        "anderson_darling": integral(squared * density / np.maximum(pooled * (1 - pooled), 1e-12)),
        "maximum_mean_discrepancy": math.sqrt(2 * same - 2 * across),
        "mean_distance": shift,
    }[name]


def estimator(name: str) -> Callable[[Sample, Sample], Estimate]:
    if name == "maximum_mean_discrepancy":
        return lambda baseline, current: maximum_mean_discrepancy_estimate(
            baseline, current, bandwidth=BANDWIDTH
        )
    return SAMPLE_STATISTICS[name].estimate


def estimates(name: str, shift: float, rows: int, repeats: int = REPEATS, seed: int = 1) -> list[Estimate]:
    rng = np.random.default_rng(seed)
    estimate = estimator(name)
    return [
        estimate(Sample.of(rng.normal(size=rows)), Sample.of(rng.normal(shift, size=rows)))
        for _ in range(repeats)
    ]


def covered(found: list[Estimate], truth: float) -> float:
    return float(np.mean([one.lower <= truth + 1e-12 and truth - 1e-12 <= one.upper for one in found]))


ASYMPTOTIC = ["mann_whitney", "energy_distance", "cramer_von_mises", "anderson_darling", "mean_distance"]


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.5, 1.5])
@pytest.mark.parametrize("name", ASYMPTOTIC)
def test_a_95_percent_interval_covers_the_truth_that_often(name: str, shift: float) -> None:
    found = estimates(name, shift, 200)
    assert 0.92 <= covered(found, truth_of(name, shift)) <= 0.98
    if shift == 0:
        assert 0.02 <= np.mean([one.p_value < 0.05 for one in found]) <= 0.08


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_so_does_mmd_over_all_pairs(shift: float) -> None:
    name = "maximum_mean_discrepancy"
    assert 0.92 <= covered(estimates(name, shift, 100), truth_of(name, shift)) <= 0.98


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.5])
def test_ks_covers_at_least_that_often(shift: float) -> None:
    assert covered(estimates("kolmogorov_smirnov", shift, 200), truth_of("kolmogorov_smirnov", shift)) >= 0.95


def several(name: str, repeats: int, rows: int, shift: float = 0.0) -> list[Estimate]:
    rng = np.random.default_rng(5)
    estimate = SAMPLE_STATISTICS[name].estimate
    return [
        estimate(Sample.of(rng.normal(size=(rows, 4))), Sample.of(rng.normal(shift, size=(rows, 4))))
        for _ in range(repeats)
    ]


@pytest.mark.parametrize("name", ["domain_classifier", "pca_reconstruction"])
def test_on_unchanged_data_an_interval_holds_the_unchanged_value(name: str) -> None:
    found = several(name, REPEATS, 200)
    assert 0.92 <= covered(found, SAMPLE_STATISTICS[name].unchanged) <= 0.98
    assert 0.02 <= np.mean([one.p_value < 0.05 for one in found]) <= 0.08


def test_projections_rarely_call_unchanged_data_changed() -> None:
    found = several("projected_distance", 100, 100)
    assert covered(found, 0.0) >= 0.95
    assert all(one.p_value <= 0.05 for one in several("projected_distance", 10, 200, shift=0.8))


@pytest.mark.parametrize(
    "name", ["mann_whitney", "energy_distance", "cramer_von_mises", "anderson_darling", "mean_distance"]
)
def test_a_detectable_effect_is_detected_that_often(name: str) -> None:
    rows = 200
    target = estimates(name, 0.0, rows, repeats=1)[0].detectable
    shifts = np.linspace(0.05, 1.0, 96)
    shift = next(float(one) for one in shifts if truth_of(name, float(one)) >= target)
    found = estimates(name, shift, rows, repeats=300, seed=2)
    assert 0.88 <= np.mean([one.p_value < 0.05 for one in found]) <= 1.0
    half = next(float(one) for one in shifts if one >= shift / 2)
    assert np.mean([one.p_value < 0.05 for one in estimates(name, half, rows, repeats=300)]) < 0.8


def test_weights_keep_the_coverage() -> None:
    # Rows kept with unequal chances and weighted by their inverse stand for the whole again.
    rng = np.random.default_rng(3)
    found = []
    for _ in range(REPEATS):
        x, y = rng.normal(size=600), rng.normal(0.3, size=600)
        kept = 0.2 + 0.6 * (y > 0)
        chosen = rng.random(600) < kept
        found.append(
            SAMPLE_STATISTICS["mann_whitney"].estimate(Sample.of(x), Sample.of(y[chosen], 1 / kept[chosen]))
        )
    assert 0.92 <= covered(found, truth_of("mann_whitney", 0.3)) <= 0.98
