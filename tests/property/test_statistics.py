"""One sweep over all registered statistics: what each promises holds for any counts."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detectors.statistics import STATISTICS, CountPairs, Scale, Statistic, chi_square
from driftline.errors import InvalidInput

EVERY = pytest.mark.parametrize("statistic", STATISTICS.values(), ids=STATISTICS.keys())
UNORDERED = [statistic for statistic in STATISTICS.values() if not statistic.ordered]
ORDERED = [statistic for statistic in STATISTICS.values() if statistic.ordered]
SYMMETRIC = [statistic for statistic in STATISTICS.values() if statistic.symmetric]
OF_SHARES = [statistic for statistic in STATISTICS.values() if statistic.of_shares]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Two count vectors over the same bins, each with some mass; empty bins are common."""
    bins = draw(st.integers(1, 33))
    empty, close = draw(st.sampled_from([0.0, 0.3, 0.8])), draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    first = counts_of(rng, bins, empty)
    second = first.copy() if close else counts_of(rng, bins, empty)
    if close:
        second[rng.integers(bins)] += rng.choice([1.0, 0.01, 1e4])
    return first, second


def counts_of(rng: np.random.Generator, bins: int, empty: float) -> np.ndarray:
    kind = rng.choice(["whole", "weighted", "wild"])
    if kind == "whole":
        counts = rng.integers(1, 50, bins).astype(float)
    elif kind == "weighted":
        counts = rng.gamma(0.5, 100, bins) + 0.01
    else:
        counts = 10 ** rng.uniform(-2, 6, bins)
    counts[rng.random(bins) < empty] = 0.0
    if counts.sum() == 0:
        counts[rng.integers(bins)] = 1.0
    return counts


def scale_of(bins: int, spread: float = 1.0) -> Scale:
    return Scale(np.linspace(-2, 2, bins), spread)


def measured(statistic: Statistic, first: np.ndarray, second: np.ndarray) -> float:
    return statistic.measure(first, second, scale_of(first.size))


@EVERY
@given(pair=pairs())
def test_identical_input_gives_zero(statistic: Statistic, pair: tuple[np.ndarray, np.ndarray]) -> None:
    assert measured(statistic, pair[0], pair[0].copy()) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("statistic", SYMMETRIC, ids=lambda statistic: statistic.name)
@given(pair=pairs())
def test_symmetric_where_claimed(statistic: Statistic, pair: tuple[np.ndarray, np.ndarray]) -> None:
    there, back = measured(statistic, *pair), measured(statistic, pair[1], pair[0])
    # Statistics that grow with the rows carry the rounding of as many terms.
    rounding = 1e-9 + 1e-14 * float(pair[0].sum() + pair[1].sum())
    assert there == pytest.approx(back, rel=1e-9, abs=rounding)


@EVERY
@given(pair=pairs())
def test_bounded_and_finite(statistic: Statistic, pair: tuple[np.ndarray, np.ndarray]) -> None:
    value = measured(statistic, *pair)
    assert isinstance(value, float)
    assert math.isfinite(value)
    assert 0 <= value <= statistic.upper


@EVERY
@given(pair=pairs())
def test_the_same_again_and_the_input_untouched(
    statistic: Statistic, pair: tuple[np.ndarray, np.ndarray]
) -> None:
    before = [vector.copy() for vector in pair]
    for vector in pair:
        vector.flags.writeable = False
    assert measured(statistic, *pair) == measured(statistic, *pair)
    assert all(np.array_equal(vector, old) for vector, old in zip(pair, before, strict=True))


@pytest.mark.parametrize("statistic", UNORDERED, ids=lambda statistic: statistic.name)
@given(pair=pairs(), seed=st.integers(0, 2**32 - 1))
def test_unordered_ones_do_not_see_the_order_of_bins(
    statistic: Statistic, pair: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(pair[0].size)
    mixed = measured(statistic, pair[0][order], pair[1][order])
    assert mixed == pytest.approx(measured(statistic, *pair), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("statistic", ORDERED, ids=lambda statistic: statistic.name)
def test_ordered_ones_do_see_it(statistic: Statistic) -> None:
    far = measured(statistic, np.array([1.0, 1, 0, 0]), np.array([0.0, 0, 1, 1]))
    near = measured(statistic, np.array([1.0, 0, 1, 0]), np.array([0.0, 1, 0, 1]))
    assert far > near


@EVERY
@given(pair=pairs())
def test_a_bin_empty_on_both_sides_changes_nothing(
    statistic: Statistic, pair: tuple[np.ndarray, np.ndarray]
) -> None:
    padded = [np.append(vector, 0.0) for vector in pair]
    positions = np.linspace(-2, 2, pair[0].size)
    with_gap = Scale(np.append(positions, positions[-1] + 9.0), 1.0)
    assert statistic.measure(padded[0], padded[1], with_gap) == pytest.approx(
        measured(statistic, *pair), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize("statistic", OF_SHARES, ids=lambda statistic: statistic.name)
@given(pair=pairs(), factor=st.floats(0.01, 100))
def test_distances_of_shares_do_not_depend_on_totals(
    statistic: Statistic, pair: tuple[np.ndarray, np.ndarray], factor: float
) -> None:
    scaled = measured(statistic, pair[0] * factor, pair[1])
    assert scaled == pytest.approx(measured(statistic, *pair), rel=1e-6, abs=1e-6)


FAST = [one for one in STATISTICS.values() if one.name not in ("total_variation", "wasserstein")]


@pytest.mark.parametrize("statistic", FAST, ids=lambda statistic: statistic.name)
@given(pair=pairs())
def test_estimates_are_ordered_bounded_and_the_same_again(
    statistic: Statistic, pair: tuple[np.ndarray, np.ndarray]
) -> None:
    check_estimate(statistic, pair)


@pytest.mark.parametrize("name", ["total_variation", "wasserstein"])
@settings(max_examples=15)
@given(pair=pairs())
def test_simulated_estimates_are_so_too(name: str, pair: tuple[np.ndarray, np.ndarray]) -> None:
    check_estimate(STATISTICS[name], pair)


def check_estimate(statistic: Statistic, pair: tuple[np.ndarray, np.ndarray]) -> None:
    counted = CountPairs.of(*pair, scale=scale_of(pair[0].size))
    found = statistic.estimates(counted)[0]
    assert found.value == pytest.approx(measured(statistic, *pair), rel=1e-9, abs=1e-12)
    assert -1e-12 <= found.lower <= found.upper <= statistic.upper + 1e-12
    assert 0 <= found.p_value <= 1
    assert math.isnan(found.detectable) or 0 <= found.detectable <= statistic.upper
    again = statistic.estimates(counted)[0]
    assert all(
        one == other or (math.isnan(one) and math.isnan(other))
        for one, other in zip(dataclasses.astuple(found), dataclasses.astuple(again), strict=True)
    )


@EVERY
@given(pair=pairs(), other=pairs())
def test_fields_together_are_fields_one_by_one(
    statistic: Statistic, pair: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]
) -> None:
    # The shorter field is padded with bins that are empty on both sides.
    bins = max(pair[0].size, other[0].size)
    scale = Scale(np.linspace(-2, 2, bins), 1.0)
    padded = [[np.pad(side, (0, bins - side.size)) for side in one] for one in (pair, other)]
    together = statistic.values(
        CountPairs.of(
            np.stack([one[0] for one in padded]),
            np.stack([one[1] for one in padded]),
            scale=Scale(np.tile(scale.positions, (2, 1)), np.ones(2)),
        )
    )
    for field, one in enumerate(padded):
        alone = statistic.measure(one[0], one[1], scale)
        assert together[field] == pytest.approx(alone, rel=1e-9, abs=1e-12)


@given(pair=pairs(), factor=st.floats(0.1, 100))
def test_chi_square_grows_with_the_sample(pair: tuple[np.ndarray, np.ndarray], factor: float) -> None:
    once = chi_square(*pair)
    more = chi_square(pair[0] * factor, pair[1] * factor)
    assert more.statistic == pytest.approx(factor * once.statistic, rel=1e-6, abs=1e-6)
    assert 0 <= more.p_value <= 1


@given(pair=pairs(), unit=st.floats(1e-12, 1e12), offset=st.floats(-1e3, 1e3))
def test_wasserstein_does_not_depend_on_the_unit(
    pair: tuple[np.ndarray, np.ndarray], unit: float, offset: float
) -> None:
    positions = np.linspace(-2, 2, pair[0].size)
    moved = Scale((positions + offset) * unit, unit)
    expected = measured(STATISTICS["wasserstein"], *pair)
    assert STATISTICS["wasserstein"].measure(*pair, moved) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(pair=pairs())
def test_jensen_shannon_obeys_the_triangle(pair: tuple[np.ndarray, np.ndarray]) -> None:
    between = pair[0] / pair[0].sum() + pair[1] / pair[1].sum()
    distance = STATISTICS["jensen_shannon"]
    direct = measured(distance, *pair)
    assert direct <= measured(distance, pair[0], between) + measured(distance, between, pair[1]) + 1e-7


@settings(max_examples=50)
@given(pair=pairs())
def test_all_distances_agree_on_what_is_the_same(pair: tuple[np.ndarray, np.ndarray]) -> None:
    gap = float(np.abs(pair[0] / pair[0].sum() - pair[1] / pair[1].sum()).max())
    assume(gap > 1e-3)
    assert all(measured(STATISTICS[name], *pair) > 0 for name in ("jensen_shannon", "kolmogorov_smirnov"))


BAD = {
    "empty": np.array([]),
    "NaN": np.array([1.0, math.nan]),
    "infinite": np.array([1.0, math.inf]),
    "negative": np.array([1.0, -1.0]),
    "massless": np.array([0.0, 0.0]),
    "two-dimensional": np.ones((2, 2)),
    "other bins": np.ones(3),
}


@EVERY
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("side", [0, 1])
def test_bad_input_is_refused_with_a_reason(statistic: Statistic, bad: np.ndarray, side: int) -> None:
    good = np.array([1.0, 2.0])
    first, second = (bad, good) if side == 0 else (good, bad)
    with pytest.raises(InvalidInput, match=r"baseline|current"):
        statistic.measure(first, second, scale_of(2))
