"""Statistics on rows against SciPy where both define the same, and against what peers got wrong."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from detectors.statistics import kolmogorov_smirnov_bounds, total_variation
from detectors.statistics.samples import SAMPLE_STATISTICS, Sample
from detectors.statistics.samples.anderson_darling import anderson_darling
from detectors.statistics.samples.cramer_von_mises import cramer_von_mises, cramer_von_mises_estimate
from detectors.statistics.samples.domain_classifier import domain_classifier
from detectors.statistics.samples.energy_distance import energy_distance
from detectors.statistics.samples.kolmogorov_smirnov import (
    kolmogorov_smirnov_sample,
    kolmogorov_smirnov_sample_estimate,
)
from detectors.statistics.samples.mann_whitney import mann_whitney, mann_whitney_estimate
from detectors.statistics.samples.maximum_mean_discrepancy import (
    QUADRATIC_UP_TO,
    maximum_mean_discrepancy,
    maximum_mean_discrepancy_estimate,
)
from detectors.statistics.samples.pca_reconstruction import pca_reconstruction
from detectors.statistics.samples.projections import projected_distance
from driftline.errors import InvalidInput

Pair = tuple[np.ndarray, np.ndarray]


def random_pairs(count: int = 20) -> list[Pair]:
    rng = np.random.default_rng(3)
    return [
        (rng.normal(size=int(rng.integers(5, 80))), rng.normal(0.3, 1.4, size=int(rng.integers(5, 80))))
        for _ in range(count)
    ]


@pytest.mark.parametrize("pair", random_pairs())
def test_ks_is_scipys(pair: Pair) -> None:
    expected = stats.ks_2samp(*pair, method="exact")
    found = kolmogorov_smirnov_sample_estimate(Sample.of(pair[0]), Sample.of(pair[1]))
    assert found.value == pytest.approx(float(expected.statistic), abs=1e-9)
    assert found.p_value == pytest.approx(float(expected.pvalue), abs=1e-9)


@pytest.mark.parametrize("pair", random_pairs())
def test_mann_whitney_is_scipys_and_two_sided(pair: Pair) -> None:
    expected = stats.mannwhitneyu(pair[1], pair[0], alternative="two-sided")
    found = mann_whitney_estimate(Sample.of(pair[0]), Sample.of(pair[1]))
    assert found.value * pair[0].size * pair[1].size == pytest.approx(float(expected.statistic), abs=1e-9)
    if max(pair[0].size, pair[1].size) > 50:
        assert found.p_value == pytest.approx(
            float(stats.mannwhitneyu(*pair, alternative="two-sided", method="asymptotic").pvalue), abs=1e-9
        )


@pytest.mark.parametrize("pair", random_pairs())
def test_cramer_von_mises_is_scipys(pair: Pair) -> None:
    n, m = pair[0].size, pair[1].size
    expected = stats.cramervonmises_2samp(*pair)
    found = cramer_von_mises_estimate(Sample.of(pair[0]), Sample.of(pair[1]))
    assert found.value * n * m / (n + m) == pytest.approx(float(expected.statistic), abs=1e-9)
    assert found.p_value == pytest.approx(min(1.0, max(0.0, float(expected.pvalue))), abs=1e-9)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("pair", random_pairs())
def test_anderson_darling_is_scipys(pair: Pair, tied: bool) -> None:
    x, y = (np.round(side, 1) for side in pair) if tied else pair
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = stats.anderson_ksamp([x, y], variant="right")
    # SciPy standardises by the null's mean 1 and the standard deviation of Scholz and Stephens, eq. 5.
    n, m = x.size, y.size
    squared = anderson_darling(Sample.of(x), Sample.of(y)) * n * m / (n + m)
    assert (squared - 1) / scholz_stephens_deviation(n, m) == pytest.approx(
        float(expected.statistic), abs=1e-9
    )


def scholz_stephens_deviation(n: int, m: int) -> float:
    rows = n + m
    inverse = 1 / n + 1 / m
    harmonic = sum(1 / i for i in range(1, rows))
    double = sum(sum(1 / ((rows - i) * j) for j in range(i + 1, rows)) for i in range(1, rows - 1))
    a = (4 * double - 6) + (10 - 6 * double) * inverse
    b = (2 * double - 4) * 4 + 16 * harmonic + (2 * double - 14 * harmonic - 4) * inverse
    b += -8 * harmonic + 4 * double - 6
    c = (6 * harmonic + 2 * double - 2) * 4 + (4 * harmonic - 4 * double + 6) * 2
    c += (2 * harmonic - 6) * inverse + 4 * harmonic
    d = (2 * harmonic + 6) * 4 - 4 * harmonic * 2
    variance = (a * rows**3 + b * rows**2 + c * rows + d) / ((rows - 1) * (rows - 2) * (rows - 3))
    return math.sqrt(variance)


@pytest.mark.parametrize("pair", random_pairs())
def test_energy_distance_is_scipys_with_weights(pair: Pair) -> None:
    rng = np.random.default_rng(pair[0].size)
    u, v = rng.gamma(1.0, size=pair[0].size), rng.gamma(1.0, size=pair[1].size)
    expected = float(stats.energy_distance(*pair, u, v))
    found = energy_distance(Sample.of(pair[0], u), Sample.of(pair[1], v))
    assert found == pytest.approx(expected, abs=1e-9)


def test_mmd_over_all_pairs_is_its_definition() -> None:
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(30, 4)), rng.normal(0.5, size=(20, 4))

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean([[math.exp(-float((p - q) @ (p - q)) / 2) for q in b] for p in a]))

    expected = math.sqrt(kernel(x, x) + kernel(y, y) - 2 * kernel(x, y))
    assert maximum_mean_discrepancy(Sample.of(x), Sample.of(y), bandwidth=1.0) == pytest.approx(
        expected, abs=1e-9
    )


def test_linear_time_mmd_estimates_the_same_and_has_no_weights() -> None:
    rng = np.random.default_rng(9)
    rows = 40_000
    x, y = Sample.of(rng.normal(size=rows)), Sample.of(rng.normal(1.0, size=rows))
    found = maximum_mean_discrepancy_estimate(x, y, bandwidth=1.0)
    same = 1 / math.sqrt(3)
    truth = math.sqrt(2 * same - 2 * same * math.exp(-1 / 6))
    assert found.lower <= truth <= found.upper
    assert found.upper - found.lower < 0.1
    assert maximum_mean_discrepancy(x, x) == 0.0
    weighted = Sample.of(rng.normal(size=QUADRATIC_UP_TO), np.arange(1.0, QUADRATIC_UP_TO + 1))
    with pytest.raises(InvalidInput, match="weights need all pairs"):
        maximum_mean_discrepancy(weighted, y)


# What peers got wrong, one test each.


def test_peer_bug_one_sided_mann_whitney_called_two_sided() -> None:
    # Half the p-value one way, and a fall that is never seen the other way.
    rng = np.random.default_rng(10)
    x = rng.normal(size=300)
    up, down = (mann_whitney_estimate(Sample.of(x), Sample.of(x + step)).p_value for step in (0.4, -0.4))
    assert up == pytest.approx(down, rel=0.2)
    assert up < 1e-4
    assert down < 1e-4


def test_peer_bug_ks_on_sketches_swings_on_identical_data() -> None:
    rng = np.random.default_rng(11)
    for _ in range(20):
        values = rng.normal(size=2000)
        found = kolmogorov_smirnov_sample_estimate(Sample.of(values), Sample.of(rng.permutation(values)))
        assert found.value == 0.0
        assert found.p_value == 1.0


@pytest.mark.parametrize("name", SAMPLE_STATISTICS)
def test_peer_bug_nulls_are_not_dropped_in_silence(name: str) -> None:
    values = np.arange(40.0).reshape(20, 2)[:, : 1 if SAMPLE_STATISTICS[name].fields == "one" else 2]
    holed = values.copy()
    holed[3] = math.nan
    with pytest.raises(InvalidInput, match="count missing values apart"):
        SAMPLE_STATISTICS[name].measure(Sample.of(values), Sample.of(holed))


def test_peer_bug_a_floor_on_sigma_hides_a_tiny_field() -> None:
    rng = np.random.default_rng(12)
    x, y = rng.normal(size=500) * 1e-12, (rng.normal(size=500) + 0.5) * 1e-12
    assert energy_distance(Sample.of(x), Sample.of(y)) == pytest.approx(
        1e-6 * energy_distance(Sample.of(x * 1e12), Sample.of(y * 1e12)), rel=1e-9
    )
    assert SAMPLE_STATISTICS["mean_distance"].measure(Sample.of(x), Sample.of(y)) > 0.3


def test_peer_bug_options_such_as_the_bin_count_are_silently_ignored() -> None:
    rng = np.random.default_rng(15)
    x, y = Sample.of(rng.normal(size=(200, 5))), Sample.of(rng.normal(0.3, 1.5, size=(200, 5)))
    assert projected_distance(x, y, directions=1) < projected_distance(x, y, directions=64)
    assert pca_reconstruction(x, y, kept_variance=0.2) != pca_reconstruction(x, y, kept_variance=0.9)
    narrow, wide = (maximum_mean_discrepancy(x, y, bandwidth=width) for width in (0.1, 3.0))
    assert narrow != wide
    assert domain_classifier(x, y, seed=1) != domain_classifier(x, y, seed=2)
    # A bin more or less is another layout and another value.
    few, many = (np.histogram(x.rows[:, 0], bins)[0] for bins in (4, 12))
    now = [np.histogram(y.rows[:, 0], bins)[0] for bins in (4, 12)]
    assert total_variation(few, now[0]) < total_variation(many, now[1])


def test_peer_bug_one_column_without_any_value_ends_the_run() -> None:
    with pytest.raises(InvalidInput, match="too few rows: 0"):
        Sample.of(np.array([]))
    with pytest.raises(InvalidInput, match="NaN"):
        Sample.of(np.full(50, math.nan))


SCIPY = {
    "kolmogorov_smirnov": "ks_2samp: value and exact p-value",
    "mann_whitney": "mannwhitneyu: value and p-value",
    "cramer_von_mises": "cramervonmises_2samp: value and p-value, without ties",
    "anderson_darling": "anderson_ksamp(variant='right'): value, with ties",
    "energy_distance": "energy_distance: value, with weights",
}
"""Where SciPy has the same definition, held to 1e-9 above."""

NOT_IN_SCIPY = {
    "maximum_mean_discrepancy",
    "domain_classifier",
    "pca_reconstruction",
    "mean_distance",
    "projected_distance",
}


def test_every_statistic_is_held_to_scipy_or_known_not_to_be_in_it() -> None:
    assert SCIPY.keys() | NOT_IN_SCIPY == set(SAMPLE_STATISTICS)


def test_a_million_distinct_values() -> None:
    rng = np.random.default_rng(13)
    x, y = Sample.of(rng.normal(size=1_000_000)), Sample.of(rng.normal(0.01, size=1_000_000))
    assert kolmogorov_smirnov_sample(x, y) == pytest.approx(0.004, abs=0.002)
    assert mann_whitney(x, y) == pytest.approx(0.5028, abs=0.0015)
    assert 0 < cramer_von_mises(x, y) < 1e-4
    assert kolmogorov_smirnov_sample_estimate(x, y).p_value < 1e-3


def test_bins_bound_the_ks_of_the_rows_and_both_ends_are_reached() -> None:
    rng = np.random.default_rng(14)
    for _ in range(30):
        x, y = rng.normal(size=200), rng.normal(rng.normal(0, 0.5), size=150)
        edges = np.sort(rng.normal(size=6))
        low, high = kolmogorov_smirnov_bounds(
            *(np.bincount(np.searchsorted(edges, side), minlength=7) for side in (x, y))
        )
        assert low - 1e-12 <= kolmogorov_smirnov_sample(Sample.of(x), Sample.of(y)) <= high + 1e-12
    apart = kolmogorov_smirnov_sample(Sample.of([0.1, 0.2, 1.3, 1.4]), Sample.of([0.3, 0.4, 1.1, 1.2]))
    assert kolmogorov_smirnov_bounds([2, 2], [2, 2]) == (0.0, apart)
