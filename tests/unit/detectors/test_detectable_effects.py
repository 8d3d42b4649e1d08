"""Minimum detectable effects against simulated power: found at the stated effect, much less often at half."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from detectors.statistics import STATISTICS, CountPairs, Estimates, Scale
from detectors.statistics.samples import SAMPLE_STATISTICS, Sample, projections
from detectors.statistics.samples.maximum_mean_discrepancy import maximum_mean_discrepancy_estimate

REPEATS = 120
Pair = tuple[Sample, Sample]


def power(p_value: Callable[[], float], repeats: int = REPEATS) -> float:
    return float(np.mean([p_value() < 0.05 for _ in range(repeats)]))


def mmd_of_shift(shift: float, bandwidth: float = 1.0) -> float:
    """MMD of N(0, 1) and N(shift, 1)."""
    wide = bandwidth**2 + 2
    same = bandwidth / math.sqrt(wide)
    return math.sqrt(2 * same - 2 * same * math.exp(-(shift**2) / (2 * wide)))


@pytest.mark.parametrize("rows", [100, 1200])
def test_the_detectable_mmd_is_detected(rows: int) -> None:
    # 1,200 rows a side are beyond all pairs: the linear-time estimator.
    rng = np.random.default_rng(7)

    def estimate(shift: float) -> tuple[float, float]:
        found = maximum_mean_discrepancy_estimate(
            Sample.of(rng.normal(size=rows)), Sample.of(rng.normal(shift, size=rows)), bandwidth=1.0
        )
        return found.detectable, found.p_value

    target = float(np.median([estimate(0.0)[0] for _ in range(20)]))
    shift = float(brentq(lambda one: mmd_of_shift(one) - target, 1e-3, 5))
    assert 0.88 <= power(lambda: estimate(shift)[1]) <= 1
    assert power(lambda: estimate(shift / 2)[1]) < 0.7


def moved(rng: np.random.Generator, rows: int, shift: float) -> Pair:
    """Four fields, the first of which moves."""
    return Sample.of(rng.normal(size=(rows, 4))), Sample.of(rng.normal(size=(rows, 4)) + shift * np.eye(4)[0])


def noisier(rng: np.random.Generator, rows: int, noise: float) -> Pair:
    """Five fields of two factors, whose noise grows from .5."""
    loadings = np.random.default_rng(1).normal(size=(2, 5))
    first, second = rng.normal(size=(2, rows, 2)) @ loadings
    return Sample.of(first + 0.5 * rng.normal(size=(rows, 5))), Sample.of(
        second + noise * rng.normal(size=(rows, 5))
    )


@pytest.mark.parametrize(
    ("name", "rows", "make", "unchanged", "changes"),
    [
        ("domain_classifier", 200, moved, 0.0, np.linspace(0.1, 1.2, 12)),
        ("domain_classifier", 800, moved, 0.0, np.linspace(0.05, 0.6, 12)),
        ("pca_reconstruction", 200, noisier, 0.5, np.linspace(0.5, 0.9, 9)),
        ("pca_reconstruction", 500, noisier, 0.5, np.linspace(0.5, 0.8, 9)),
    ],
)
def test_what_a_trained_statistic_calls_detectable_is_detected(
    name: str,
    rows: int,
    make: Callable[[np.random.Generator, int, float], Pair],
    unchanged: float,
    changes: np.ndarray,
) -> None:
    # The change at which the statistic, trained on this much data, has the detectable value on average.
    statistic = SAMPLE_STATISTICS[name]
    rng = np.random.default_rng(8)
    target = statistic.estimate(*make(rng, rows, unchanged)).detectable
    means = [np.mean([statistic.measure(*make(rng, rows, float(one))) for _ in range(25)]) for one in changes]
    change = float(np.interp(target, means, changes))
    assert changes[0] < change < changes[-1]
    assert 0.82 <= power(lambda: statistic.estimate(*make(rng, rows, change)).p_value) <= 1
    half = (change + unchanged) / 2
    assert power(lambda: statistic.estimate(*make(rng, rows, half)).p_value) < 0.7


def test_the_detectable_projected_distance_is_detected() -> None:
    rng, rows = np.random.default_rng(9), 150
    statistic = SAMPLE_STATISTICS["projected_distance"]
    target = statistic.estimate(*moved(rng, rows, 0.0)).detectable
    drawn = np.random.default_rng(projections.SEED).standard_normal((4, projections.DIRECTIONS))
    along = float(np.abs(drawn[0] / np.sqrt(np.sum(drawn**2, axis=0))).max())
    shift = float(brentq(lambda one: 2 * norm.cdf(one * along / 2) - 1 - target, 1e-3, 9))
    # Bonferroni over 32 directions of an inequality: more power than stated.
    assert power(lambda: statistic.estimate(*moved(rng, rows, shift)).p_value, 40) >= 0.95
    assert power(lambda: statistic.estimate(*moved(rng, rows, shift / 2)).p_value, 40) < 0.85


BINS = 26


def alternating(change: float) -> np.ndarray:
    """Neighbouring bins gain and lose in turn."""
    return np.full(BINS, 1 / BINS) * (1 + change * np.where(np.arange(BINS) % 2 == 0, 1, -1))


def shifted(change: float) -> np.ndarray:
    edges = norm.ppf(np.arange(1, BINS) / BINS)
    return np.diff(np.concatenate([[0.0], norm.cdf(edges - change), [1.0]]))


@pytest.mark.parametrize(
    ("name", "family", "largest"),
    [
        ("total_variation", alternating, 0.9),
        ("total_variation", shifted, 2.0),
        ("wasserstein", shifted, 2.0),
    ],
)
def test_the_detectable_distance_by_simulation_is_detected(
    name: str, family: Callable[[float], np.ndarray], largest: float
) -> None:
    statistic, rng = STATISTICS[name], np.random.default_rng(10)
    scale = Scale(np.linspace(-2, 2, BINS), 1.0)

    def simulated(change: float, repeats: int) -> Estimates:
        return statistic.estimates(
            CountPairs.of(
                rng.multinomial(10_000, family(0.0), repeats),
                rng.multinomial(1_000, family(change), repeats),
                scale=scale,
            )
        )

    target = float(simulated(0.0, 1).detectable[0])
    change = float(
        brentq(lambda one: statistic.measure(family(0.0), family(one), scale) - target, 1e-4, largest)
    )
    assert 0.85 <= np.mean(simulated(change, 150).p_value < 0.05) <= 1
    assert np.mean(simulated(change / 2, 150).p_value < 0.05) < 0.7
