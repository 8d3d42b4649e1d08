"""Intervals where bins hold few rows or none: they cover what is true, or say that there is no limit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detectors.statistics import STATISTICS, CountPairs, Estimates
from detectors.statistics.thin_bins import merged

REPEATS = 400
NAMES = (
    "psi",
    "kullback_leibler",
    "jensen_shannon",
    "hellinger",
    "chi_square",
    "likelihood_ratio",
    "cramers_v",
)
KEEP_THEIR_TEST = ("chi_square", "likelihood_ratio", "cramers_v")

EQUAL = np.full(27, 1 / 27)
STEEP = 1 / np.arange(1, 31) ** 1.5
STEEP = STEEP / STEEP.sum()
RARE = np.append(np.full(10, 0.099), np.full(5, 0.002))


def move(shares: np.ndarray, source: int, target: int, points: float) -> np.ndarray:
    out = shares.copy()
    out[source] -= points
    out[target] += points
    return out


CASES = {
    "27 equal bins": (EQUAL, EQUAL),
    "27 bins, one doubled": (EQUAL, move(EQUAL, 0, 13, 0.03)),
    "30 categories": (STEEP, STEEP),
    "30 categories, 5 points moved": (STEEP, move(STEEP, 0, 5, 0.05)),
    "5 rare categories": (RARE, RARE),
    "5 rare categories, 5 points between the others": (RARE, move(RARE, 0, 1, 0.05)),
    "a rare category rises": (RARE, move(RARE, 0, 12, 0.03)),
}
SIZES = [(10_000, 1000), (10_000, 200), (10_000, 20), (200, 200)]


def truth_of(name: str, p: np.ndarray, q: np.ndarray, n: int, m: int) -> float:
    if name == "psi":
        return float(np.sum((q - p) * np.log(q / p)))
    if name == "kullback_leibler":
        return float(np.sum(q * np.log(q / p)))
    exact = CountPairs.of(p, q, effective_baseline=n, effective_current=m)
    return float(STATISTICS[name].values(exact)[0])


def drawn(p: np.ndarray, q: np.ndarray, n: int, m: int) -> CountPairs:
    rng = np.random.default_rng(3)
    return CountPairs.of(rng.multinomial(n, p, REPEATS), rng.multinomial(m, q, REPEATS))


def covered(name: str, found: Estimates, truth: float, degrees: np.ndarray) -> float:
    extra = degrees if name in ("chi_square", "likelihood_ratio") else 0.0
    return float(np.mean((found.lower <= truth + extra + 1e-9) & (truth + extra - 1e-9 <= found.upper)))


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", NAMES)
def test_intervals_cover_the_truth_where_bins_expect_less_than_a_row(
    name: str, case: str, sizes: tuple[int, int]
) -> None:
    p, q = CASES[case]
    pairs = drawn(p, q, *sizes)
    found = STATISTICS[name].estimates(pairs)
    assert covered(name, found, truth_of(name, p, q, *sizes), pairs.degrees_of_freedom) >= 0.92
    assert (found.lower <= found.upper).all()
    if p is q and name not in KEEP_THEIR_TEST:
        assert np.mean(found.p_value < 0.05) <= 0.11


def test_psi_has_no_upper_limit_when_a_bin_may_be_empty_and_a_bounded_distance_has_one() -> None:
    pairs = CountPairs.of([5000, 4000, 3], [500, 400, 0])
    assert math.isinf(STATISTICS["psi"].estimates(pairs).upper[0])
    assert STATISTICS["psi"].estimates(pairs).lower[0] < 0.01
    assert 0 < STATISTICS["jensen_shannon"].estimates(pairs).upper[0] < 0.3
    # The baseline holds the bin: the surprise of someone who expects it is bounded.
    assert math.isfinite(STATISTICS["kullback_leibler"].estimates(pairs).upper[0])


def test_fields_without_thin_bins_keep_their_narrow_interval() -> None:
    dense = [5000, 4000, 1000], [480, 420, 100]
    alone = STATISTICS["psi"].estimates(CountPairs.of(*dense))[0]
    beside = STATISTICS["psi"].estimates(CountPairs.of([dense[0], [9000, 990, 10]], [dense[1], [990, 9, 1]]))
    assert beside[0] == alone
    assert beside[1].upper - beside[1].lower > alone.upper - alone.lower


def test_merging_bins_never_lets_a_divergence_grow() -> None:
    rng = np.random.default_rng(4)
    for _ in range(50):
        pairs = CountPairs.of(rng.integers(0, 50, 12) + 1, rng.integers(0, 50, 12))
        members = rng.random((1, 12)) < 0.4
        for name in ("jensen_shannon", "hellinger", "chi_square", "likelihood_ratio"):
            values = STATISTICS[name].values
            assert values(merged(pairs, members))[0] <= values(pairs)[0] + 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_a_field_of_which_every_bin_is_thin_says_almost_nothing(name: str) -> None:
    found = STATISTICS[name].estimates(CountPairs.of(np.full(30, 300.0), [1.0] * 3 + [0.0] * 27))[0]
    least = 29.0 if name in ("chi_square", "likelihood_ratio") else 0.0
    assert found.lower == pytest.approx(least)
    assert found.upper > found.value / 2
