"""Statistics against SciPy where both define the same, and against what peers got wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import chebyshev, cityblock, euclidean, jensenshannon

from detectors.field_statistics import field_statistics, moved_bins
from detectors.statistics import (
    STATISTICS,
    CountPairs,
    Scale,
    chi_square,
    cramers_v,
    effective_size,
    hellinger,
    jensen_shannon,
    kolmogorov_smirnov,
    kullback_leibler,
    l_infinity,
    likelihood_ratio,
    psi,
    rate_change,
    total_variation,
    wasserstein,
)
from driftline.errors import InvalidInput
from tests.seeding.columns import categorical_column, categorical_counts, numeric_column, numeric_counts


def random_pairs(count: int = 50) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(3)
    pairs = []
    for _ in range(count):
        bins = int(rng.integers(2, 40))
        pairs.append((rng.integers(1, 500, bins).astype(float), rng.integers(0, 500, bins) + 0.25))
    return pairs


@pytest.mark.parametrize("pair", random_pairs())
def test_jensen_shannon_is_scipys_to_base_two(pair: tuple[np.ndarray, np.ndarray]) -> None:
    assert jensen_shannon(*pair) == pytest.approx(float(jensenshannon(*pair, base=2)), abs=1e-9)


@pytest.mark.parametrize("pair", random_pairs())
def test_chi_square_is_scipys_contingency_test(pair: tuple[np.ndarray, np.ndarray]) -> None:
    expected = stats.chi2_contingency(np.stack(pair), correction=False)
    found = chi_square(*pair)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-300)
    assert found.degrees_of_freedom == expected.dof


@pytest.mark.parametrize("pair", random_pairs())
def test_wasserstein_is_scipys_over_the_spread(pair: tuple[np.ndarray, np.ndarray]) -> None:
    positions = np.cumsum(np.random.default_rng(pair[0].size).random(pair[0].size)) * 1e-9
    expected = stats.wasserstein_distance(positions, positions, *pair) / 3e-9
    assert wasserstein(*pair, positions, spread=3e-9) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("pair", random_pairs())
def test_likelihood_ratio_and_cramers_v_are_scipys(pair: tuple[np.ndarray, np.ndarray]) -> None:
    table = np.round(np.stack(pair)).astype(int)
    table = table[:, table.sum(axis=0) > 0]
    expected = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert likelihood_ratio(*table) == pytest.approx(float(expected.statistic), rel=1e-9)
    association = float(stats.contingency.association(table, method="cramer", correction=False))
    assert cramers_v(*table) == pytest.approx(association, rel=1e-9)
    found = STATISTICS["likelihood_ratio"].estimates(CountPairs.of(*table))[0]
    assert found.p_value == pytest.approx(float(expected.pvalue), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("pair", random_pairs())
def test_kullback_leibler_is_scipys_entropy_of_the_filled_shares(pair: tuple[np.ndarray, np.ndarray]) -> None:
    filled = [(side + 0.5 / side.size) / (side.sum() + 0.5) for side in pair]
    assert kullback_leibler(*pair) == pytest.approx(float(stats.entropy(filled[1], filled[0])), rel=1e-9)
    both = kullback_leibler(*pair) + kullback_leibler(pair[1], pair[0])
    assert psi(*pair) == pytest.approx(both, rel=1e-9)


@pytest.mark.parametrize("pair", random_pairs())
def test_hellinger_total_variation_and_l_infinity_are_scipys_norms(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    p, q = (side / side.sum() for side in pair)
    assert hellinger(*pair) == pytest.approx(euclidean(np.sqrt(p), np.sqrt(q)) / math.sqrt(2), abs=1e-9)
    assert total_variation(*pair) == pytest.approx(cityblock(p, q) / 2, abs=1e-9)
    assert l_infinity(*pair) == pytest.approx(chebyshev(p, q), abs=1e-9)


SCIPY = {
    "psi": "entropy, both directions, of the filled shares",
    "jensen_shannon": "spatial.distance.jensenshannon(base=2)",
    "kullback_leibler": "entropy of the filled shares",
    "hellinger": "spatial.distance.euclidean of the roots",
    "total_variation": "spatial.distance.cityblock, halved",
    "l_infinity": "spatial.distance.chebyshev",
    "chi_square": "chi2_contingency(correction=False)",
    "likelihood_ratio": "chi2_contingency(lambda_='log-likelihood')",
    "cramers_v": "contingency.association(method='cramer')",
    "kolmogorov_smirnov": "ks_2samp of values that sit on the bins",
    "wasserstein": "wasserstein_distance with weights",
}
"""What every statistic on counts is held to in SciPy, to 1e-9, in this file."""


def test_every_statistic_on_counts_is_held_to_scipy() -> None:
    assert SCIPY.keys() == STATISTICS.keys()


@pytest.mark.parametrize("pair", random_pairs())
def test_distances_of_shares_keep_their_known_order(pair: tuple[np.ndarray, np.ndarray]) -> None:
    # Le Cam: H² <= TV <= H sqrt(2 - H²); the largest single change is at most TV.
    apart, distance = total_variation(*pair), hellinger(*pair)
    assert distance**2 <= apart <= distance * math.sqrt(2 - distance**2) + 1e-12
    assert l_infinity(*pair) <= apart + 1e-12


@pytest.mark.parametrize("pair", random_pairs())
def test_chi_square_estimates_carry_the_tests_p_value(pair: tuple[np.ndarray, np.ndarray]) -> None:
    expected = chi_square(*pair)
    for name in ("chi_square", "cramers_v"):
        found = STATISTICS[name].estimates(CountPairs.of(*pair))[0]
        assert found.p_value == pytest.approx(expected.p_value, rel=1e-9, abs=1e-300)


def test_ks_is_scipys_on_values_that_sit_on_bins() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        first, second = rng.integers(0, 12, 400), rng.integers(2, 14, 300)
        exact = float(stats.ks_2samp(first, second).statistic)
        binned = kolmogorov_smirnov(np.bincount(first, minlength=14), np.bincount(second, minlength=14))
        assert binned == pytest.approx(exact, abs=1e-12)


def test_ks_on_bins_bounds_the_exact_one_from_below() -> None:
    rng = np.random.default_rng(5)
    before, now = rng.normal(size=5000), rng.normal(0.3, 1.2, size=5000)
    column = numeric_column(before)
    binned = kolmogorov_smirnov(column.counts[:-1], numeric_counts(column.layout, now)[:-1])
    exact = float(stats.ks_2samp(before, now).statistic)
    largest_bin = float((numeric_counts(column.layout, now) / now.size).max())
    assert exact - largest_bin <= binned <= exact + 1e-12


def test_peer_bug_psi_fills_empty_bins_with_the_smallest_float() -> None:
    # Filling the empty bin with the smallest float reports about 135 here.
    value = psi([5000, 4000, 1000], [5400, 4600, 0])
    assert 0.5 < value < 1.5


def test_peer_bug_psi_filling_only_one_side_is_asymmetric() -> None:
    assert psi([5000, 4000, 1000], [5400, 4600, 0]) == psi([5400, 4600, 0], [5000, 4000, 1000])


def test_peer_bug_jensen_shannon_by_natural_logarithm_ends_at_833() -> None:
    assert jensen_shannon([3, 0, 0], [0, 2, 2]) == 1.0
    assert math.sqrt(math.log(2)) == pytest.approx(0.833, abs=1e-3)


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1.0, 1e9])
def test_peer_bug_a_floor_on_sigma_hides_a_tiny_field(scale: float) -> None:
    rng = np.random.default_rng(6)
    before, now = rng.normal(size=4000) * scale, (rng.normal(size=4000) + 0.5) * scale
    column = numeric_column(before)
    found = field_statistics(column, numeric_counts(column.layout, now), 4000)
    assert 0.3 < found["wasserstein"] < 0.7
    assert found["kolmogorov_smirnov"] == pytest.approx(0.2, abs=0.03)


def test_peer_bug_nulls_dropped_so_their_drift_is_invisible() -> None:
    rng = np.random.default_rng(7)
    before, now = rng.normal(size=4000), rng.normal(size=4000)
    now[:400] = math.nan
    column = numeric_column(before)
    found = field_statistics(column, numeric_counts(column.layout, now), 4000)
    assert found["missing_share"] == pytest.approx(0.1)
    assert found["baseline_missing_share"] == 0.0
    assert found["chi_square_p_value"] < 1e-30
    assert found["psi"] > 0.25


def test_peer_bug_an_all_missing_column_crashes_the_run() -> None:
    column = numeric_column(np.full(500, math.nan))
    same = field_statistics(column, numeric_counts(column.layout, np.full(500, math.nan)), 500)
    assert same["psi"] == 0
    assert same["missing_share"] == 1
    assert same["chi_square_p_value"] == 1
    assert "kolmogorov_smirnov" not in same
    assert "wasserstein" not in same
    came_alive = field_statistics(column, numeric_counts(column.layout, np.ones(500)), 500)
    assert came_alive["jensen_shannon"] == 1.0


def test_a_constant_baseline_has_no_wasserstein_but_the_others() -> None:
    column = numeric_column(np.full(500, 0.1))
    found = field_statistics(column, numeric_counts(column.layout, np.full(500, 0.2)), 500)
    assert "wasserstein" not in found
    assert found["kolmogorov_smirnov"] == 1.0
    assert found["out_of_range_share"] == 1.0


def test_unseen_categories_are_told_apart_from_known_ones() -> None:
    column = categorical_column(["a"] * 60 + ["b"] * 40)
    found = field_statistics(column, categorical_counts(column.layout, ["a"] * 50 + ["c"] * 50), 100)
    assert found["unseen_share"] == 0.5
    assert "wasserstein" not in found
    assert "kolmogorov_smirnov" not in found


def test_weighted_counts_are_worth_their_effective_size() -> None:
    column = categorical_column(["a"] * 500 + ["b"] * 500)
    counts = categorical_counts(column.layout, ["a"] * 60 + ["b"] * 40)
    plain = field_statistics(column, counts, 100)
    heavy = field_statistics(column, counts * 50, 100)
    assert heavy == pytest.approx(plain)
    assert field_statistics(column, counts * 50, 5000)["chi_square_p_value"] < plain["chi_square_p_value"]


def test_every_registered_statistic_is_reported_of_a_numeric_field() -> None:
    column = numeric_column(np.random.default_rng(8).normal(size=1000))
    assert set(STATISTICS) <= set(field_statistics(column, column.counts, 1000))
    assert all(STATISTICS[name].name == name for name in STATISTICS)


def test_moved_bins_come_largest_first() -> None:
    column = categorical_column(["a"] * 50 + ["b"] * 30 + ["c"] * 20)
    bins = moved_bins(column, categorical_counts(column.layout, ["a"] * 20 + ["b"] * 35 + ["c"] * 45), 2)
    assert [(bin_.label, round(bin_.current - bin_.baseline, 2)) for bin_ in bins] == [
        ("a", -0.3),
        ("c", 0.25),
    ]
    assert len(moved_bins(column, column.counts)) == column.layout.slots


@pytest.mark.parametrize("effective", [0.0, -1.0, math.nan, math.inf])
def test_an_effective_size_that_is_none_is_refused(effective: float) -> None:
    column = categorical_column(["a", "b"])
    with pytest.raises(InvalidInput, match="positive"):
        field_statistics(column, column.counts, effective)
    with pytest.raises(InvalidInput, match="must be positive"):
        chi_square([1, 2], [2, 1], effective_current=effective)


@pytest.mark.parametrize(
    ("positions", "spread"),
    [([0.0, 1.0], 1.0), ([0.0, 2.0, 1.0], 1.0), ([0.0, 1.0, math.nan], 1.0), ([0.0, 1.0, 2.0], 0.0)],
)
def test_wasserstein_refuses_positions_and_spreads_that_make_no_sense(
    positions: list[float], spread: float
) -> None:
    scale = Scale(np.array(positions), spread)
    with pytest.raises(InvalidInput):
        STATISTICS["wasserstein"].measure(np.ones(3), np.ones(3), scale)


def test_peer_bug_quantile_bins_that_are_equal_width() -> None:
    values = np.random.default_rng(9).lognormal(0, 2, 20_000)
    column = numeric_column(values)
    inside = column.counts[:-1][[region == "inside" for region in column.layout.regions()]]
    assert inside.max() < 3 * values.size / inside.size


def test_a_window_of_one_row_gives_wide_intervals_and_no_alarm() -> None:
    pairs = CountPairs.of([500.0, 300, 200], [0.0, 0, 1], scale=Scale(np.array([0.0, 1, 2]), 1.0))
    for statistic in STATISTICS.values():
        found = statistic.estimates(pairs)[0]
        assert math.isfinite(found.value)
        assert found.lower <= found.upper
        assert found.p_value > 0.01


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_a_field_of_one_bin_cannot_change(fill: float) -> None:
    pairs = CountPairs.of([50.0, 0.0], [3.0 + fill, 0.0], scale=Scale(np.array([0.0, 1.0]), 1.0))
    for statistic in STATISTICS.values():
        found = statistic.estimates(pairs)[0]
        assert found.value == 0
        assert found.p_value == 1


def test_a_million_categories() -> None:
    rng = np.random.default_rng(10)
    counts = rng.poisson(3, 1_000_000).astype(float), rng.poisson(0.3, 1_000_000).astype(float)
    pairs = CountPairs.of(*counts, scale=Scale(np.arange(1e6), 1e5))
    for statistic in STATISTICS.values():
        assert math.isfinite(statistic.values(pairs)[0])
    # Unchanged shares: the chi-square test holds its level even where PSI looks enormous.
    assert psi(*counts) > 0.25
    assert chi_square(*counts).p_value > 0.001


def test_rates_of_missing_rows_are_estimated_with_missing_in_the_total() -> None:
    pairs = CountPairs.of([[980, 20], [1000, 0]], [[90, 10], [100, 0]])
    found = rate_change(pairs, [False, True])
    assert found[0].value == pytest.approx(0.08)
    assert 0 < found[0].lower < 0.08 < found[0].upper
    assert found[0].p_value < 1e-4
    assert found[1].value == 0
    assert found[1].lower < 0 < found[1].upper < 0.05
    assert 0 < found[1].detectable < 0.06
    with pytest.raises(InvalidInput, match="members"):
        rate_change(pairs, [True])


def test_a_bad_field_among_many_is_named() -> None:
    good = np.ones((3, 4))
    bad = good.copy()
    bad[1, 2] = math.nan
    with pytest.raises(InvalidInput, match="current of field 1 holds NaN"):
        CountPairs.of(good, bad)
    with pytest.raises(InvalidInput, match="3 fields and current 2"):
        CountPairs.of(good, good[:2])


def test_effective_size_is_kishs() -> None:
    weights = np.random.default_rng(11).gamma(1.0, size=500)
    assert effective_size(weights) == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert effective_size(weights * 1e-300) == pytest.approx(effective_size(weights))
    assert effective_size(weights * 1e300) == pytest.approx(effective_size(weights))
    with pytest.raises(InvalidInput, match="non-empty"):
        effective_size([])
