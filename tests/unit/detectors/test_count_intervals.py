"""Intervals and detectable effects of statistics on counts, against known truths in simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from detectors.statistics import STATISTICS, CountPairs, Estimates, Scale, rate, rate_change

REPEATS = 500
N, M = 10_000, 1000

GROWS_WITH_ROWS = ("chi_square", "likelihood_ratio")
AT_LEAST = ("l_infinity", "kolmogorov_smirnov")
SIMULATED = ("total_variation", "wasserstein")
SCORE = [name for name in STATISTICS if name not in (*AT_LEAST, *SIMULATED)]


def equal_mass(bins: int = 27) -> np.ndarray:
    return np.full(bins, 1 / bins)


def shifted(deviations: float, bins: int = 27) -> np.ndarray:
    """A normal field moved by so many deviations, over the equal-mass bins of the unmoved one."""
    edges = norm.ppf(np.arange(1, bins) / bins)
    return np.diff(np.concatenate([[0.0], norm.cdf(edges - deviations), [1.0]]))


def categories() -> np.ndarray:
    shares: np.ndarray = 1 / np.arange(1, 16) ** 1.1
    return np.asarray(shares / shares.sum())


def moved(points: float) -> np.ndarray:
    shares = categories()
    shares[0] -= points
    shares[4] += points
    return shares


CHANGES = {
    "unchanged": (equal_mass(), equal_mass()),
    "unchanged categories": (categories(), categories()),
    ".1 sd": (equal_mass(), shifted(0.1)),
    ".2 sd": (equal_mass(), shifted(0.2)),
    ".5 sd": (equal_mass(), shifted(0.5)),
    "5 points between categories": (categories(), moved(0.05)),
}


def scale_of(bins: int, fields: int = 1) -> Scale:
    return Scale(np.tile(np.linspace(-2, 2, bins), (fields, 1)), np.ones(fields))


def truth_of(name: str, p: np.ndarray, q: np.ndarray) -> float:
    """The statistic of the shares themselves."""
    if name == "psi":
        return float(np.sum((q - p) * np.log(q / p)))
    if name == "kullback_leibler":
        return float(np.sum(q * np.log(q / p)))
    exact = CountPairs.of(p, q, effective_baseline=N, effective_current=M, scale=scale_of(p.size))
    degrees = p.size - 1 if name in GROWS_WITH_ROWS else 0
    return float(STATISTICS[name].values(exact)[0]) + degrees


def simulated(name: str, p: np.ndarray, q: np.ndarray, repeats: int = REPEATS) -> Estimates:
    rng = np.random.default_rng(1)
    pairs = CountPairs.of(
        rng.multinomial(N, p, repeats), rng.multinomial(M, q, repeats), scale=scale_of(p.size, repeats)
    )
    return STATISTICS[name].estimates(pairs)


def covered(found: Estimates, truth: float) -> float:
    return float(np.mean((found.lower <= truth + 1e-9) & (truth - 1e-9 <= found.upper)))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", SCORE)
def test_a_95_percent_interval_covers_the_truth_that_often(name: str, change: str) -> None:
    found = simulated(name, *CHANGES[change])
    assert 0.92 <= covered(found, truth_of(name, *CHANGES[change])) <= 0.98
    if change.startswith("unchanged"):
        assert 0.02 <= np.mean(found.p_value < 0.05) <= 0.08


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", AT_LEAST)
def test_intervals_by_inequalities_cover_at_least_that_often(name: str, change: str) -> None:
    found = simulated(name, *CHANGES[change])
    assert covered(found, truth_of(name, *CHANGES[change])) >= 0.94
    if change.startswith("unchanged"):
        assert np.mean(found.p_value < 0.05) <= 0.08


@pytest.mark.parametrize("change", ["unchanged", ".2 sd", "5 points between categories"])
@pytest.mark.parametrize("name", SIMULATED)
def test_simulated_intervals_cover_about_that_often(name: str, change: str) -> None:
    assert covered(simulated(name, *CHANGES[change], repeats=150), truth_of(name, *CHANGES[change])) >= 0.9


@pytest.mark.parametrize("name", [*SCORE, "kolmogorov_smirnov"])
def test_a_detectable_shift_is_detected_that_often(name: str) -> None:
    target = float(simulated(name, equal_mass(), equal_mass(), 1).detectable[0])
    shifts = np.linspace(0.02, 1.0, 99)
    shift = next(float(one) for one in shifts if truth_of(name, equal_mass(), shifted(float(one))) >= target)
    assert np.mean(simulated(name, equal_mass(), shifted(shift)).p_value < 0.05) >= 0.92
    assert np.mean(simulated(name, equal_mass(), shifted(shift / 2)).p_value < 0.05) < 0.8


def test_the_detectable_change_of_one_bin_is_detected_in_any_bin() -> None:
    target = float(simulated("l_infinity", equal_mass(), equal_mass(), 1).detectable[0])
    raised = equal_mass()
    raised[3] += target
    raised[11] -= target / 2
    raised[20] -= target / 2
    assert np.mean(simulated("l_infinity", equal_mass(), raised).p_value < 0.05) >= 0.93


@pytest.mark.parametrize("before", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("rise", [0.0, 0.02])
def test_the_interval_of_a_rate_change_covers_and_its_detectable_rise_is_found(
    before: float, rise: float
) -> None:
    rng = np.random.default_rng(2)

    def found(by: float) -> Estimates:
        first, second = rng.binomial(N, before, REPEATS), rng.binomial(M, before + by, REPEATS)
        pairs = CountPairs.of(np.stack([N - first, first], 1), np.stack([M - second, second], 1))
        single = rate(pairs, [False, True])
        assert covered(single, before + by) >= 0.92
        return rate_change(pairs, [False, True])

    assert covered(found(rise), rise) >= 0.92
    detectable = float(np.median(found(0.0).detectable))
    assert np.mean(found(detectable).p_value < 0.05) >= 0.93


def test_a_larger_level_narrows_and_more_power_asks_for_more() -> None:
    pairs = CountPairs.of([500, 300, 200], [40, 30, 30], scale=scale_of(3))
    for statistic in STATISTICS.values():
        wide, narrow = statistic.estimates(pairs, 0.01, 0.95)[0], statistic.estimates(pairs, 0.2, 0.95)[0]
        assert narrow.upper - narrow.lower < wide.upper - wide.lower
        assert narrow.detectable < wide.detectable
        assert statistic.estimates(pairs, 0.05, 0.8)[0].detectable < statistic.estimates(pairs)[0].detectable


def test_weighted_counts_are_worth_their_effective_rows() -> None:
    counts = [500.0, 300, 200], [40.0, 30, 30]
    plain = CountPairs.of(*counts, scale=scale_of(3))
    halved = CountPairs.of(*counts, effective_baseline=500, effective_current=50, scale=scale_of(3))
    for statistic in STATISTICS.values():
        even, uneven = statistic.estimates(plain)[0], statistic.estimates(halved)[0]
        if statistic.of_shares:
            assert uneven.value == even.value
            assert uneven.upper - uneven.lower > even.upper - even.lower
            assert uneven.detectable > even.detectable
        assert uneven.p_value > even.p_value
